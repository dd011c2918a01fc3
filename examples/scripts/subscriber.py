#!/usr/bin/env python3
"""A subscriber in Python, with nothing but its standard library.

    go run ./examples/server -allow-private
    python3 examples/scripts/subscriber.py http://127.0.0.1:8080/fhir

It lists the server's topics, subscribes to encounters of one patient that begin, changes
three encounters, and shows the notifications as they arrive. One of them it refuses, as a
subscriber in trouble would: the server sends it again. At the end it asks what there
was by $status and $events and removes what it made.
"""
import http.server
import json
import queue
import sys
import threading
import urllib.request

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
TOPIC = "https://carillon-fhir.github.io/topics/encounter-start"
SECRET = "correct horse battery staple"

notifications = queue.Queue()


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Where the server sends notifications: any 2xx says that one has arrived."""

    refused = False

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.answer(read(body))
        self.send_response(status)
        self.end_headers()

    def answer(self, notification):
        if self.headers["X-Secret"] != SECRET:
            return 401
        if notification["numbers"] == [2] and not Endpoint.refused:
            Endpoint.refused = True
            return 503
        notifications.put(notification)
        return 200

    def log_message(self, *_):
        pass


def read(bundle):
    """What a notification says. In R4 its status is a Parameters resource."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    value = lambda p: next(v for k, v in p.items() if k.startswith("value"))
    plain = {p["name"]: value(p) for p in parameters if "part" not in p}
    events = [
        {part["name"]: value(part) for part in p["part"]}
        for p in parameters if p["name"] == "notification-event"
    ]
    return {
        "type": plain["type"],
        "count": int(plain["events-since-subscription-start"]),
        "numbers": [int(e["event-number"]) for e in events],
        "focus": [e["focus"]["reference"].split("/")[-1] for e in events],
        "resources": len(bundle["entry"]) - 1,
    }


def request(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def main(base):
    topics = request("GET", base + "/Basic?code=SubscriptionTopic")
    print("topics:", topics["total"])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    subscription = request("POST", base + "/Subscription", {
        "resourceType": "Subscription", "status": "requested", "reason": "to learn",
        "criteria": TOPIC,
        "_criteria": {"extension": [{"url": BACKPORT + "backport-filter-criteria",
                                     "valueString": "Encounter?patient=Patient/python"}]},
        "channel": {
            "type": "rest-hook", "endpoint": "http://127.0.0.1:%d/" % server.server_port,
            "header": ["X-Secret: " + SECRET], "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": BACKPORT + "backport-payload-content", "valueCode": "full-resource"}]},
        },
    })
    mine = base + "/Subscription/" + subscription["id"]
    print("subscribed:", subscription["status"])
    print("arrived:", notifications.get(timeout=30)["type"])

    for i in range(1, 4):
        for patient in ("python", "another"):
            request("PUT", "%s/Encounter/%s-%d" % (base, patient, i), {
                "resourceType": "Encounter", "id": "%s-%d" % (patient, i), "status": "in-progress",
                "class": {"code": "AMB"}, "subject": {"reference": "Patient/" + patient}})
    for _ in range(3):
        n = notifications.get(timeout=30)
        print("arrived:", n["type"], *n["numbers"], *n["focus"], "with", n["resources"], "resource")

    status = read(request("GET", mine + "/$status"))
    print("status:", status["count"], "events")
    events = read(request("GET", mine + "/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=id-only"))
    print("events:", *events["numbers"], "with", events["resources"], "resources")
    request("DELETE", mine)
    server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8080/fhir")
