"""What a team would write instead, each in the form that its libraries' own pages show.

Each is a program of its own, run as `python -m bench.peers.NAME JSON`; see `given`.
"""
