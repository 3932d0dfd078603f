"""django-oauth-toolkit in Django, on PostgreSQL."""
