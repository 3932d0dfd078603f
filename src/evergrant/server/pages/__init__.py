"""The pages people see, as pure rendering: a view goes in, HTML text and its security headers come out."""
