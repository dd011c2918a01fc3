ctl=$1 dir=$2 options=$3 tries=0
# What a killed server has left behind may take a moment to be gone.
until "$ctl" -D "$dir/data" -l "$dir/log" -o "$options" -w -t 60 start >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 20 ] || exit 1
	sleep 0.1
done
echo ready
exec >/dev/null
if read -r how; then
	if [ "$how" = kill ]; then
		kill -KILL "$(head -n 1 "$dir/data/postmaster.pid")"
	else
		"$ctl" -D "$dir/data" -m "$how" -w -t 60 stop >/dev/null
	fi
else
	"$ctl" -D "$dir/data" -m immediate -w -t 60 stop >/dev/null
	rm -rf "$dir"
fi
