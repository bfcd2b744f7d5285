# libtorrent, with the tracker as its only way to find anybody:
#   libtorrent-client.py FOLDER PORT TORRENT…      prints "seeding N" once the tracker knows that many torrents, and "got NAME" for each that is complete
# What is in FOLDER already is seeded. It runs until it is killed.
import sys

import libtorrent

FOLDER, PORT, *TORRENTS = sys.argv[1:]

session = libtorrent.session(
    {
        # One port for every address: with 0 each address would have another, and the tracker sees clients at Docker's.
        "listen_interfaces": "0.0.0.0:" + PORT,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "allow_multiple_connections_per_ip": True,
        "alert_mask": libtorrent.alert.category_t.tracker_notification
        | libtorrent.alert.category_t.status_notification
        | libtorrent.alert.category_t.error_notification,
    }
)
for torrent in TORRENTS:
    session.add_torrent(
        {"ti": libtorrent.torrent_info(torrent), "save_path": FOLDER}
    )
announced = 0
while True:
    session.wait_for_alert(1_000)
    for alert in session.pop_alerts():
        if isinstance(alert, libtorrent.tracker_reply_alert):
            announced += 1
            print("seeding", announced, flush=True)
        elif isinstance(alert, libtorrent.torrent_finished_alert):
            print("got", alert.torrent_name, flush=True)
        elif isinstance(alert, libtorrent.tracker_error_alert):
            print(alert.message(), file=sys.stderr, flush=True)
