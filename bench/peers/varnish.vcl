vcl 4.1;
# Varnish, tuned: streaming is its default; bodies in malloc storage, threads enough for the crowd (see bench/speed).
backend origin { .host = "@ORIGIN_HOST@"; .port = "@ORIGIN_PORT@"; }
