"""May we ship?"""
