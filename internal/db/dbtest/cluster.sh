#!/bin/sh
# Makes and runs a PostgreSQL for the tests in the folder $2, with the programs in $1, and ends it when nobody has
# used it for $3 seconds. Test processes write the file "used" when they come, and hold a shared advisory lock 1 in
# the database "postgres" while they live.
set -u
bin=$1 dir=$2 linger=$3 pause=5
cd "$dir" || exit 1

"$bin/initdb" -D data -U keystead -A trust --locale=C -E UTF8 --no-sync >log 2>&1 || exit 1
# Nothing here has to survive a crash.
"$bin/postgres" -D data -k "$dir" -c listen_addresses='' -c unix_socket_permissions=0700 -c max_connections=300 \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c wal_level=minimal -c max_wal_senders=0 \
    -c shared_buffers=64MB -c TimeZone=UTC -c log_min_messages=fatal >>log 2>&1 &
postgres=$!

ask() {
    "$bin/psql" -XAtq -h "$dir" -U keystead -d postgres "$@" 2>>log
}

idle=0
touch seen
while sleep $pause; kill -0 $postgres 2>/dev/null; do
    if [ used -nt seen ] || [ "$(ask -c 'SELECT pg_try_advisory_lock(1)')" = f ]; then
        touch seen
        idle=0
        continue
    fi
    idle=$((idle + pause))
    if [ $idle -ge "$linger" ]; then
        # Stop it while holding the lock alone: a process that comes now waits for the lock, loses its connection
        # and starts a cluster of its own.
        ask <<END
SELECT pg_try_advisory_lock(1) AS alone \\gset
\\if :alone
\\! kill -QUIT $postgres
\\endif
END
    fi
done
rm -rf "${dir:?}"/* # the folder itself goes when the next cluster starts
