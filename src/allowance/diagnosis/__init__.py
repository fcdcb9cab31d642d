"""Does this look like a failure we know?"""
