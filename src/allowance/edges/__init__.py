"""How do we reach the outside?"""
