"""manual"""
