"""What an operator may do, one file for each thing it is done to. The command line writes through these only.

Every change writes its event in the same transaction, and a change that met another one is made again on what that
left behind.
"""
