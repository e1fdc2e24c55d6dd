"""A key has a bounded number of variants, and one that varies by everything has none."""
from harness import Answer


def test_the_oldest_of_too_many_variants_leaves(levee, origin):
    origin.page("/a", lambda request: Answer(request.headers["X-N"], headers={"Vary": "X-N"}, cache_control="max-age=60"))
    connection = levee.connect()
    for n in range(200):
        assert connection.get("/a", headers={"X-N": str(n)}).rest() == b"%d" % n
    assert origin.hits("/a") == 200
    for n in (199, 150):  # the newest are there
        assert connection.get("/a", headers={"X-N": str(n)}).rest() == b"%d" % n
    assert origin.hits("/a") == 200
    assert connection.get("/a", headers={"X-N": "0"}).rest() == b"0" and origin.hits("/a") == 201


def test_asterisk_anywhere_is_never_shared(levee, origin):
    for path, lines in (("/a", ["*"]), ("/b", ["X-A, *"]), ("/c", ["X-A", "*, X-B"])):
        origin.page(path, "x", cache_control="max-age=60", headers=[("Vary", line) for line in lines])
        levee.get(path).rest()
        levee.get(path).rest()
        assert origin.hits(path) == 2, lines


def test_preferences_and_not_their_spelling_select(levee, origin):
    origin.page("/a", lambda request: Answer(request.headers.get("Accept-Language", "-"), cache_control="max-age=60",
                                             headers=[("Vary", "Accept-Language"), ("Vary", "Accept-Encoding")]))
    first = levee.get("/a", headers={"Accept-Language": "de, en;q=0.5", "Accept-Encoding": "gzip, br"}).rest()
    for language, encoding in (("de,en;q=0.5", "gzip,br"), ("DE , en; q=0.5", "gzip, br"), ("en;q=0.500, de", "gzip , br")):
        assert levee.get("/a", headers={"Accept-Language": language, "Accept-Encoding": encoding}).rest() == first
    assert origin.hits("/a") == 1
    levee.get("/a", headers={"Accept-Language": "en, de;q=0.5", "Accept-Encoding": "gzip, br"}).rest()
    assert origin.hits("/a") == 2
