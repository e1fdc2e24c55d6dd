vcl 4.1;
# Varnish, tuned: streaming is its default; stale copies while they are refreshed, and when that fails.
backend origin {
    .host = "@ORIGIN_HOST@";
    .port = "@ORIGIN_PORT@";
    .connect_timeout = 1s;
    .first_byte_timeout = 5s;
    .between_bytes_timeout = 5s;
}
sub vcl_backend_response {
    set beresp.grace = 1h;
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);
    }
}
