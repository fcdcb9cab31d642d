"""Which words do we use?"""
