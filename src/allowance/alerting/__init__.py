"""Who must know, now?"""
