#!/usr/bin/python3
"""Changes a Samba domain's database directly, as SYSTEM: what LDAP forbids or does slowly.

samdb.py SMB_CONF load            adds the LDIF on stdin in one transaction; prints the number of records
samdb.py SMB_CONF reader JSON     makes an account {name, password, replicate, seesDeleted}; prints its DN
samdb.py SMB_CONF lasting         passwords never expire from now on
"""
import io
import json
import sys

import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"  # the extended right "Replicating Directory Changes"


def open_samdb(smb_conf, options):
    lp = LoadParm()
    lp.load(smb_conf)
    return SamDB(url=lp.private_path("sam.ldb"), lp=lp, session_info=system_session(), options=options)


def load(smb_conf):
    samdb = open_samdb(smb_conf, ["batch_mode:1", "transaction_index_cache_size:500000"])
    count = 0
    samdb.transaction_start()
    try:
        for changetype, message in samdb.parse_ldif(sys.stdin.read()):
            if changetype != ldb.CHANGETYPE_NONE:
                raise ValueError("%s: only whole entries can be loaded" % message.dn)
            samdb.add(message)
            count += 1
    except BaseException:
        samdb.transaction_cancel()
        raise
    samdb.transaction_commit()
    print(count)


def make_reader(smb_conf, wanted):
    samdb = open_samdb(smb_conf, [])
    samdb.newuser(wanted["name"], wanted["password"])
    found = samdb.search(
        base=samdb.domain_dn(),
        expression="(sAMAccountName=%s)" % ldb.binary_encode(wanted["name"]),
        attrs=["objectSid"],
    )[0]
    sid = ndr_unpack(security.dom_sid, found["objectSid"][0])
    if wanted["replicate"]:
        grant(samdb, samdb.domain_dn(), "(OA;;CR;%s;;%s)" % (GET_CHANGES, sid), [])
    if wanted["seesDeleted"]:
        deleted = "CN=Deleted Objects,%s" % samdb.domain_dn()
        grant(samdb, deleted, "(A;;LCRP;;;%s)" % sid, ["show_deleted:1"])
    print(str(found.dn))


def grant(samdb, dn, ace, controls):
    dacl_only = "sd_flags:1:%d" % security.SECINFO_DACL
    SDUtils(samdb).update_aces_in_dacl(dn, add_aces=[ace], controls=[dacl_only] + controls)


def never_expire(smb_conf):
    samdb = open_samdb(smb_conf, [])
    samdb.set_maxPwdAge(-0x8000000000000000)


def main():
    sys.stdin = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8")
    smb_conf, verb = sys.argv[1:3]
    if verb == "load":
        load(smb_conf)
    elif verb == "reader":
        make_reader(smb_conf, json.loads(sys.argv[3]))
    elif verb == "lasting":
        never_expire(smb_conf)
    else:
        sys.exit("unknown verb: " + verb)


main()
