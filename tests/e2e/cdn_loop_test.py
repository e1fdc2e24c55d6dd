"""CDN-Loop (RFC 8586): we add ourselves behind whoever was there, and what has been here before is 508."""


def test_it_is_added_and_others_are_kept(levee, origin):
    origin.page("/a", "x")
    levee.get("/a", headers=[("CDN-Loop", "one; v=1"), ("CDN-Loop", 'two; a="b, c"')]).rest()
    said = origin.last("/a").headers["CDN-Loop"]
    assert said.startswith('one; v=1, two; a="b, c", levee-')
    levee.get("/a?2").rest()
    assert origin.last("/a").headers["CDN-Loop"] == said.split(", ")[-1]


def test_a_loop_is_508_and_does_not_reach_the_origin(levee, origin):
    origin.page("/a", "x", cache_control="max-age=60")
    levee.get("/a").rest()
    me = origin.last("/a").headers["CDN-Loop"]
    for value in (me, f"other, {me}", f"{me};x=y, other", f"  {me}  "):
        response = levee.get("/b", headers={"CDN-Loop": value})
        assert response.status == 508, value
        response.rest()
    assert origin.hits("/b") == 0


def test_one_that_only_looks_like_ours_is_none(levee, origin):
    origin.page("/a", "x")
    levee.get("/a").rest()
    me = origin.last("/a").headers["CDN-Loop"]
    for value in (me + "0", "x" + me, f'"{me}"', me[:-1]):
        assert levee.get("/a", headers={"CDN-Loop": value}).status == 200, value


def test_a_proxy_in_front_of_itself(new_levee):
    levee = new_levee(start=False)
    levee.values["ORIGIN"] = f"{levee.address[0]}:{levee.address[1]}"
    levee.start()
    assert levee.get("/a").status == 508
