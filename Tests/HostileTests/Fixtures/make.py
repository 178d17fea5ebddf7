"""Writes hostile files, one or more for every rule, and manifest.json: make.py FOLDER.

Every file is made here, from a small honest model and data set; nothing is taken from elsewhere. The manifest says of each file
which rules it may be refused under; good-model.h5 and good-data.h5 are the honest ones.
"""
import os
import secrets
import sys

import containers
import networks
from base import Manifest, write_data, write_model

folder = os.path.abspath(sys.argv[1])
manifest = Manifest(folder)
write_model(manifest.path("good-model.h5"))
write_data(manifest.path("good-data.h5"))
# What lies beside the files and must never be read through them.
secret = "SECRET" + secrets.token_hex(16)
with open(manifest.path("secret.txt"), "w") as file:
    file.write(secret * 100)
containers.make(manifest, manifest.path("secret.txt"))
networks.make(manifest)
manifest.write(secret=secret)
