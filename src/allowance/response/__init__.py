"""What may a machine do, and what did it cost?"""
