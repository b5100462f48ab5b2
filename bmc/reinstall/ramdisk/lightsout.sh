# Functions shared by the deploy ramdisk and the installed systems. Sourced by busybox ash; changes nothing by itself.

# value KEY FILE: prints what a line KEY='…' of FILE says, quoted as for a shell. Nothing of FILE is ever run.
value() {
    [ -r "$2" ] || return 1
    awk -v key="$1" '
    BEGIN { RS = "\001"; single = "\047" }
    {
        text = $0
        while (match(text, /^([ \t\r\n]|#[^\n]*\n)*[A-Za-z_][A-Za-z0-9_]*=/)) {
            name = substr(text, 1, RLENGTH - 1)
            sub(/^.*[^A-Za-z0-9_]/, "", name)
            text = substr(text, RLENGTH + 1)
            result = ""
            while (text != "" && text !~ /^[\r\n]/) {
                first = substr(text, 1, 1)
                if (first == single || first == "\"") {
                    text = substr(text, 2)
                    end = index(text, first)
                    if (!end) exit 1
                    result = result substr(text, 1, end - 1)
                    text = substr(text, end + 1)
                } else {
                    if (first == "\\") text = substr(text, 2)
                    result = result substr(text, 1, 1)
                    text = substr(text, 2)
                }
            }
            if (name == key) { print result; exit }
        }
    }' "$2"
}

# urlencode TEXT: every byte as %XX, so that no byte means anything in a form.
urlencode() {
    printf %s "$1" | xxd -p | tr -d '\n' | sed 's/../%&/g'
}

# now: whole seconds since the start.
now() {
    cut -d. -f1 /proc/uptime
}

# coldplug: loads the modules that hardware not asked before asks for, until no more turns up: a bus brings its devices.
coldplug() {
    [ -e /run/hardware ] || echo none > /run/hardware # an empty list would match everything
    while cat /sys/bus/*/devices/*/modalias 2>/dev/null | sort -u | grep -vxF -f /run/hardware > /run/hardware.new; do
        cat /run/hardware.new >> /run/hardware
        xargs modprobe -a -q < /run/hardware.new 2>/dev/null
    done
}

# mounts: what every system needs before anything else.
mounts() {
    mount -t proc proc /proc
    mount -t sysfs sys /sys
    mount -t devtmpfs dev /dev
    mount -t tmpfs -o mode=0755 run /run
}

# nics: the network interfaces that are hardware.
nics() {
    for nic in /sys/class/net/*; do
        [ -e "$nic/device" ] && basename "$nic"
    done
}
