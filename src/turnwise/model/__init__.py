"""What things are: plain frozen types and the rules that hold for them everywhere.

Nothing in this package imports anything that is not in the standard library, and nothing here
knows of HTTP, SQL or a vendor's vocabulary.
"""
