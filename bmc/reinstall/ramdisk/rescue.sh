# A system to work in: a root shell on the serial console, on the screen, and by SSH for the operator's keys. No disk is
# touched. Ends when the service says so or the time is up, and by poweroff, reboot or halt. Part of deploy.sh.
# shellcheck disable=SC2154,SC3043

LINES=4
BEAT_SECONDS=3
LATE_SECONDS=120

take_rescue() {
    seconds=$(value seconds /run/reply)
    case $seconds in '' | *[!0-9]* | 0) fail "the service named no time for the rescue: '$seconds'" ;; esac
}

rescue() {
    local deadline beat=0 line=0
    mkdir -p /dev/pts /mnt /root/.ssh
    mount -t devpts -o mode=0620 devpts /dev/pts
    fetch_seed authorized_keys || fail "the SSH keys did not come: $(cat /run/seed.err)"
    cp /run/seed-files/authorized_keys /root/.ssh/authorized_keys
    chmod 0700 /root /root/.ssh
    chmod 0600 /root/.ssh/authorized_keys
    dropbearkey -t ed25519 -f /run/hostkey > /run/hostkey.pub 2> /run/key.err ||
        fail "no host key could be made: $(cat /run/key.err)"
    while [ $line -lt $LINES ]; do
        hold_line &
        line=$((line + 1))
    done
    keep_shell ttyS0 vt100 &
    keep_shell tty1 linux &
    insist ready "hostkey=$(urlencode "$(grep '^ssh-ed25519 ' /run/hostkey.pub | cut -d' ' -f1,2)")"
    outcome $? "the rescue"
    say "rescue: a root shell is here and, by SSH, at the service; poweroff ends it"
    # The service ends it; this is for one that never comes back.
    deadline=$(($(now) + seconds + LATE_SECONDS))
    while [ ! -e /run/over ]; do
        post progress "phase=rescue&bytes=$(now)&total=0"
        case $? in 8 | 9) break ;; esac
        [ "$(now)" -lt $deadline ] || { say "the time is up"; break; }
        beat=0
        while [ $beat -lt $BEAT_SECONDS ] && [ ! -e /run/over ]; do
            sleep 1
            beat=$((beat + 1))
        done
    done
    end_rescue
}

# hold_line: holds a connection ready to the service, which leads an operator's SSH client to it.
hold_line() {
    local where=${api#http://} port=80
    where=${where%%/*}
    case $where in *:*) port=${where##*:} ;; esac
    while [ ! -e /run/over ]; do
        nc "${where%%:*}" "$port" -e /lib/ssh-line 2>/dev/null
        sleep 1
    done
}

keep_shell() {
    while [ ! -e /run/over ]; do
        setsid getty -n -i -l /lib/rescue-shell 115200 "$1" "$2" 2>/dev/null
        sleep 1
    done
}

# end_rescue: what was written must be on the disks before the power goes.
end_rescue() {
    touch /run/over
    say "the rescue ends: file systems are unmounted"
    killall5 -15
    sleep 1
    killall5 -9
    sync
    awk '$1 ~ "^/dev/" { print $2 }' /proc/mounts | tac | while read -r place; do
        umount "$place" 2>/dev/null || mount -o remount,ro "$place" 2>/dev/null || say "$place could not be unmounted"
    done
    sync
}
