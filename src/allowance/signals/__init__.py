"""What happened, and was it good?"""
