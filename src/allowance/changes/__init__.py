"""What did we change, and did it hurt?"""
