"""The command `turnwise gate`: may this release go out?"""
