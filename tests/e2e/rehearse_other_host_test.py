"""levee-bench rehearse: media on another host is asked of the target, and the verdict says that it tells nothing of that host."""
import json
import subprocess

import pytest
from harness import OUT, PATIENCE

ALL = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n%s\n"
MEDIA = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n1.ts\n#EXTINF:1,\n2.ts\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("authority, asked", [("//cdn.example.com", 3), ("http://%s", 0), ("", 0)])
def test_media_of_another_host(tmp_path, origin, authority, asked):
    where = authority % origin.address if "%" in authority else authority
    origin.page("/all.m3u8", ALL % f"{where}/d/../media.m3u8")
    origin.page("/media.m3u8", MEDIA)
    for name in "/1.ts", "/2.ts":
        origin.page(name, "x" * 100)
    (tmp_path / "evening.plan").write_text(f"target http://{origin.address}/all.m3u8; duration 1s; viewers step 1; player {{ start 1; }} promise errors 0%;")
    done = subprocess.run([OUT / "levee-bench", "rehearse", "--json", tmp_path / "result", tmp_path / "evening.plan"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * PATIENCE)
    assert done.returncode == 0, done.stdout
    elsewhere = json.loads((tmp_path / "result").read_text())["requests"].get("elsewhere")
    assert ("3 requests were for media on other hosts (cdn.example.com)" in done.stdout) == (asked > 0), done.stdout
    assert elsewhere == ({"requests": asked, "hosts": ["cdn.example.com"]} if asked else None)
