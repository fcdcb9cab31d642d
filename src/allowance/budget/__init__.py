"""How much is left, how fast is it going?"""
