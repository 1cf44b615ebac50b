"""What the API's OpenAPI document says beyond what routes and docstrings say by themselves.

Imported only when the document is asked for: no other request pays for it.
"""
