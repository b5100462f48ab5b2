# One job: reads what came with it whom to ask, does the errand that the service names, and reports all of it. The errand
# is to install an image on one disk, to erase one disk, or, with none touched, to be a system for rescue or to inspect.
# Returns for power off. What comes from the service is read with `value`, checked, and never run.
# shellcheck disable=SC2034,SC3045
. /lib/lightsout.sh
. /lib/erase.sh
. /lib/rescue.sh
. /lib/inspect.sh

VERSION=lightsout-ramdisk/2
MEDIUM_SECONDS=20
ABSENT_SECONDS=60
NETWORK_TRIES=3
DOWNLOADS=3
STALL_SECONDS=60
SEED_MIB=2

token='' api='' medium='' disk='' online='' touched='' cleared='' writer='' shown='' absent=''

# say TEXT: to the screen, to the serial console, and to the log that a failure reports.
say() {
    echo "[$(cut -d' ' -f1 /proc/uptime)] $*" >> /run/log
    { printf '\r\033[Klightsout: %s\n' "$*" > /dev/tty0; } 2>/dev/null
    { printf 'lightsout: %s\n' "$*" > /dev/ttyS0; } 2>/dev/null
}

# show WHAT BYTES TOTAL: a bar on the screen, and on the serial console a line for each tenth.
show() {
    local tenth=$(($3 > 0 ? $2 * 10 / $3 : 10))
    local percent=$(($3 > 0 ? $2 * 100 / $3 : 100)) amount="$(($2 >> 20)) of $(($3 >> 20)) MiB"
    local bar=$(printf '%.*s' $((tenth * 2)) '####################')
    [ "$1" = seed ] && amount="$2 of $3 files"
    { printf '\r\033[Klightsout: %-7s [%-20s] %3d%%  %s' "$1" "$bar" "$percent" "$amount" > /dev/tty0; } 2>/dev/null
    [ "$1$tenth" = "$shown" ] && return
    shown=$1$tenth
    { printf 'lightsout: %s %d%% (%d of %d)\n' "$1" $((tenth * 10)) "$2" "$3" > /dev/ttyS0; } 2>/dev/null
}

# post PATH FORM: one request; the reply is in /run/reply.
# 0: done. 9: the job was cancelled. 8: refused, for good. 1: no answer.
post() {
    rm -f /run/reply
    timeout 20 wget -q -O /run/reply --header "Authorization: Bearer $token" --post-data "$2" \
        "$api/deploy/v1/$1" 2> /run/post.err && return 0
    case $(cat /run/post.err) in
    *"HTTP/1."?" 409"*) return 9 ;;
    *"HTTP/1."?" 4"*) return 8 ;;
    esac
    return 1
}

# absent_too_long SINCE: whether a service that was last heard of at SINCE is not waited for any more.
absent_too_long() {
    [ $(($(now) - $1)) -ge $ABSENT_SECONDS ]
}

# insist PATH FORM: like post, but tries again for a while when there is no answer.
insist() {
    local since=$(now) result
    while :; do
        post "$1" "$2"
        result=$?
        [ $result = 1 ] || return $result
        absent_too_long "$since" && return 1
        sleep 2
    done
}

# clear_head: after this nothing boots from a disk that holds half a system.
clear_head() {
    [ "$touched" ] || return 0
    killall -q wget zstd dd sha256sum
    [ "$writer" ] && wait "$writer" 2>/dev/null
    if dd if=/dev/zero of="/dev/$disk" bs=1M count=1 oflag=direct conv=notrunc,fsync status=none 2> /run/clear.err; then
        cleared=1
        say "the first MiB of $disk is cleared: nothing boots from it"
    else
        say "the first MiB of $disk could not be cleared: $(cat /run/clear.err)"
    fi
}

# The disk is cleared before the service hears of it, since it may cut the power as soon as it does.
fail() {
    say "FAILED: $1"
    clear_head
    [ "$online" ] && insist failed "message=$(urlencode "$1")&cleared=$cleared&log=$(urlencode "$(tail -c 4000 /run/log)")"
    sleep 1
    exit 1
}

cancelled() {
    say "the service has ended this job: stopping"
    clear_head
    [ "$cleared" ] && post failed "message=stopped&cleared=1&log=$(urlencode "$(tail -c 4000 /run/log)")"
    sleep 1
    exit 1
}

# outcome RESULT WHAT: ends the job unless RESULT says that the service agreed.
outcome() {
    case $1 in
    0) return ;;
    9) cancelled ;;
    8) fail "the service refused $2: $(cat /run/post.err)" ;;
    *) fail "the service does not answer at $api ($2): $(cat /run/post.err)" ;;
    esac
}

# report PHASE BYTES TOTAL: one progress report. A lost one does no harm; none that arrives for long ends the job.
report() {
    show "$1" "$2" "$3"
    post progress "phase=$1&bytes=$2&total=$3"
    case $? in
    0) absent='' ;;
    9 | 8) cancelled ;;
    *)
        absent=${absent:-$(now)}
        absent_too_long "$absent" && fail "the service stopped answering at $api: $(cat /run/post.err)"
        ;;
    esac
}

# touch_disk TOTAL: nothing of the disk is changed before the service knows that it will be.
touch_disk() {
    show erase 0 "$1"
    insist progress "phase=erase&bytes=0&total=$1"
    outcome $? "the begin of the erasing"
    touched=1
}

sectors() {
    local seen written discarded
    read -r _ _ seen _ _ _ written _ _ _ _ _ _ discarded _ < "/sys/block/$disk/stat"
    case $1 in verify) echo "$seen" ;; *) echo $((written + ${discarded:-0})) ;; esac
}

# work COMMAND: runs it beside, as $writer, which says when it has ended: to ask it again and again costs the work time.
work() {
    rm -f /run/ended
    mkfifo /run/ended
    (
        exec 3> /run/ended
        set -o pipefail
        "$@"
        set -- $?
        echo >&3
        exit "$1"
    ) &
    writer=$!
    exec 4< /run/ended
}

# follow PHASE: reports about once a second what has truly moved to or from the disk, until $writer has ended.
follow() {
    local start=$(sectors "$1") bytes=0 before=-1 idle=0
    report "$1" 0 "$size"
    while kill -0 "$writer" 2>/dev/null; do
        read -r -t 1 <&4 && break
        bytes=$((($(sectors "$1") - start) * 512))
        [ $bytes -gt "$size" ] && bytes=$size
        [ $bytes = $before ] && idle=$((idle + 1)) || idle=0
        before=$bytes
        [ $idle -lt $STALL_SECONDS ] || fail "$1: nothing has moved for $STALL_SECONDS seconds, at $bytes of $size bytes"
        report "$1" "$bytes" "$size"
    done
}

# refuse WHY: no job, so no disk is touched; a power button still works.
refuse() {
    acpid -l /run/acpid.log -p /run/acpid.pid
    sleep 1
    say "REFUSED: $1"
    say "No disk was touched. Press the power button to switch off."
    while :; do sleep 60; done
}

# find_job: takes the job's configuration that came with the network boot, or copies it from a removable medium. A fixed
# disk is never asked what to do.
find_job() {
    local second=0 block
    [ -f /job.conf ] && mv /job.conf /run/job.conf && return
    mkdir -p /medium
    while [ $second -lt $MEDIUM_SECONDS ]; do
        for block in /sys/block/sr* /sys/block/sd*; do
            [ "$(cat "$block/removable" 2>/dev/null)" = 1 ] || continue
            mount -t iso9660 -o ro "/dev/${block##*/}" /medium 2>/dev/null || continue
            [ -f /medium/lightsout/job.conf ] && cp /medium/lightsout/job.conf /run/job.conf
            umount /medium
            [ -f /run/job.conf ] && medium=${block##*/} && return
        done
        sleep 0.5
        coldplug
        second=$((second + 1))
    done
    refuse "no medium with lightsout/job.conf was found, so there is nothing to do"
}

# serial_of DISK: as the machine's inventory names it; nothing that could end a field of the check-in.
serial_of() {
    local file
    for file in "/sys/block/$1/serial" "/sys/block/$1/device/serial" "/sys/block/$1/device/vpd_pg80"; do
        [ -r "$file" ] || continue
        case $file in *vpd_pg80) tail -c +5 "$file" ;; *) cat "$file" ;; esac | tr -cd 'A-Za-z0-9._-'
        return
    done
}

# bus_of DISK: what it is attached by.
bus_of() {
    case $1 in
    nvme*) echo nvme ;;
    vd*) echo virtio ;;
    mmcblk*) echo mmc ;;
    sd*)
        case $(readlink -f "/sys/block/$1") in */usb[0-9]*) echo usb ;; */ata[0-9]*) echo sata ;; *) echo scsi ;; esac
        ;;
    esac
}

# wwn_of DISK and model_of DISK: as the kernel has them; a WWN without the prefix that says of which kind it is.
wwn_of() {
    cat "/sys/block/$1/wwid" "/sys/block/$1/device/wwid" 2>/dev/null | head -n 1 | tr -cd 'A-Za-z0-9._-' | head -c 128
}

model_of() {
    head -c 64 "/sys/block/$1/device/model" 2>/dev/null | tr -c 'A-Za-z0-9._ -' ' ' | sed 's/  */ /g; s/ $//'
}

# disks: name:bytes:serial:bus:rotational:wwn:model of each disk that can be written, separated by commas.
disks() {
    local block name list=''
    for block in /sys/block/*; do
        name=${block##*/}
        case $name in loop* | ram* | zram* | sr* | fd* | md* | dm-* | "$medium") continue ;; esac
        [ "$(cat "$block/ro")" = 0 ] && [ "$(cat "$block/size")" -gt 0 ] || continue
        list="$list,$name:$(($(cat "$block/size") * 512)):$(serial_of "$name"):$(bus_of "$name")"
        list="$list:$(cat "$block/queue/rotational"):$(wwn_of "$name"):$(model_of "$name")"
    done
    echo "${list#,}"
}

# network: waits for an address on an interface that leads to the service, which may just be starting again.
network() {
    local try=1 since=$(now) nic leased='' server=${api#http://}
    server=${server%%/*}
    case $server in *:*) ;; *) server=$server:80 ;; esac
    ip link set lo up
    until absent_too_long "$since"; do
        coldplug
        for nic in $(nics); do
            ip link set "$nic" up
            udhcpc -i "$nic" -n -q -t 4 -T 1 -s /lib/dhcp.sh > /run/dhcp.log 2>&1 || continue
            leased="$nic $(ip -4 -o addr show "$nic" | awk '{print $4}')"
            say "network: $leased"
            online=1
            nc -w 5 "${server%:*}" "${server##*:}" < /dev/null > /dev/null 2> /run/nc.err && return
            online=''
            say "$nic does not lead to $api: $(cat /run/nc.err)"
            ip addr flush dev "$nic"
        done
        [ "$leased" ] || [ $try -lt $NETWORK_TRIES ] || fail "no network: no interface of '$(nics | tr '\n' ' ')' got an address by DHCP"
        try=$((try + 1))
        sleep 2
    done
    fail "the service does not answer at $api (by no interface): $(cat /run/nc.err)"
}

# settled_disks BEFORE: the list of disks once it holds some and is as it was a while BEFORE: some controllers take seconds.
settled_disks() {
    local before=$1 now try=0
    while now=$(disks); [ $try -lt 15 ]; do
        [ "$now" ] && [ "$now" = "$before" ] && break
        before=$now
        try=$((try + 1))
        sleep 1
        coldplug
    done
    echo "$now"
}

check_in() {
    local found=$(settled_disks "$1") macs=$(for nic in $(nics); do cat "/sys/class/net/$nic/address"; done | tr '\n' ',')
    say "disks: ${found:-none}"
    insist checkin "uuid=$(cat /sys/class/dmi/id/product_uuid 2>/dev/null)&mac=$(urlencode "${macs%,}")&disks=$(urlencode "$found")&version=$VERSION"
    outcome $? "the check-in"
    errand=$(value errand /run/reply)
    case $errand in
    install) take_disk "$found" && take_image ;;
    erase) take_disk "$found" && take_method ;;
    rescue) take_rescue ;;
    inspect) ;;
    *) fail "the service asked to '$errand'; this ramdisk can install, erase, rescue and inspect" ;;
    esac
}

# take_disk SEEN: the disk that the service chose, which must be one of those SEEN.
take_disk() {
    chosen=$(value disk /run/reply)
    case ,$1 in *",$chosen:"*) ;; *) fail "the service chose disk '$chosen', which is not among those seen: $1" ;; esac
    [ "$chosen" ] || fail "the service chose no disk out of: ${1:-none}"
    disk=$chosen
    room=$(($(cat "/sys/block/$disk/size") * 512))
}

take_image() {
    size=$(value image_size /run/reply)
    sha256=$(value image_sha256 /run/reply)
    encoding=$(value image_encoding /run/reply)
    seed=$(value seed /run/reply)
    seed_label=$(value seed_label /run/reply)
    case $size in '' | *[!0-9]* | 0) fail "the service named no image size: '$size'" ;; esac
    [ $((size % 512)) = 0 ] || fail "the image has $size bytes, which is no whole number of sectors"
    case $sha256 in *[!0-9a-f]*) sha256='' ;; esac
    [ ${#sha256} = 64 ] || fail "the service named no SHA-256 of the image"
    case $encoding in raw | gzip | xz | zstd) ;;
    *) fail "the image is encoded as '$encoding'; this ramdisk knows raw, gzip, xz and zstd" ;; esac
    [ "$size" -le "$room" ] || fail "the image needs $size bytes and $disk has $room"
}

# erase_ends: first and last, where partition tables lie, so that an interrupted write never leaves the old system bootable.
erase_ends() {
    say "erasing $disk"
    touch_disk 5242880
    zero 0 4194304
    zero $((room - 1048576)) 1048576
    report erase 5242880 5242880
}

# write_image: a download that breaks off is begun again, so that a service which is started anew ends no job.
write_image() {
    local try=1 why
    say "writing $size bytes to $disk"
    until write_once; do
        [ $try -lt $DOWNLOADS ] || fail "the download broke: $why"
        try=$((try + 1))
        say "the download broke: $why; from the beginning"
        insist progress "phase=write&bytes=0&total=$size"
        outcome $? "the image being written again"
    done
    report write "$size" "$size"
}

# write_once: 1, with $why, when the download broke off; what else goes wrong is not tried again.
write_once() {
    rm -f /run/*.err
    work write_disk
    follow write
    wait "$writer"
    local result=$?
    writer=''
    [ $result = 0 ] && return
    why=$(grep -v -e ' records ' -e ' copied, ' /run/dd.err)
    [ "$why" ] && fail "writing to $disk failed: $why"
    why=$(cat /run/wget.err /run/decode.err 2>/dev/null | tr '\n' ' ')
    [ "$(cat /run/wget.result)" = 1 ] || fail "the download broke: $why"
    case $why in *"HTTP/1."?" 4"*) fail "the download broke: $why" ;; esac
    return 1
}

write_disk() {
    unpacked | dd of="/dev/$disk" bs=1M iflag=fullblock oflag=direct conv=notrunc,fsync 2> /run/dd.err
}

# unpacked: the image as the disk is to hold it. One program less in a pipe is a fifth of the time of a plain one.
unpacked() {
    case $encoding in
    raw) download ;;
    *) download | zstd -dcq - 2> /run/decode.err ;;
    esac
}

# download: the image as the service keeps it; how wget ended is in /run/wget.result, 1 when the service broke it off.
download() {
    wget -q -O - --header "Authorization: Bearer $token" "$api/deploy/v1/image" 2> /run/wget.err
    local result=$?
    echo $result > /run/wget.result
    return $result
}

verify() {
    say "reading back what $disk holds"
    blockdev --flushbufs "/dev/$disk"
    echo 3 > /proc/sys/vm/drop_caches
    work read_disk
    follow verify
    wait "$writer" || fail "reading back from $disk failed: $(cat /run/dd.err)"
    writer=''
    local read_back=$(cut -d' ' -f1 /run/sha256)
    report verify "$size" "$size"
    insist verified "sha256=$read_back"
    case $? in
    0) [ "$read_back" = "$sha256" ] || fail "$disk holds SHA-256 $read_back, the image is $sha256" ;;
    8) fail "$disk holds SHA-256 $read_back, the image is $sha256" ;;
    9) cancelled ;;
    *) outcome 1 "the digest" ;;
    esac
    say "SHA-256 $read_back is right"
}

read_disk() {
    dd if="/dev/$disk" bs=1M count="$size" iflag=count_bytes,fullblock status=none 2> /run/dd.err | sha256sum > /run/sha256
}

# seed_partition: the FAT partition of the disk that is labelled $seed_label (the label lies at 43 in FAT12 and FAT16, at 71 in FAT32).
seed_partition() {
    local entry name offset label wanted=$(echo "$seed_label" | tr a-z A-Z)
    for entry in "/sys/block/$disk/$disk"*/partition; do
        name=$(basename "$(dirname "$entry")")
        for offset in 43 71; do
            label=$(dd if="/dev/$name" bs=1 skip=$offset count=11 status=none 2>/dev/null | tr -d ' \0' | tr a-z A-Z)
            [ "$label" = "$wanted" ] && echo "$name" && return
        done
    done
}

# make_seed_partition: at the end of the disk, behind whatever the image holds, for an image that came without one.
make_seed_partition() {
    local start=$(((room / 1048576 - SEED_MIB - 1) * 2048)) kind=c
    case $(sfdisk -d "/dev/$disk" 2> /run/seed.err | sed -n 's/^label: //p') in
    dos) [ $start -lt 4290000000 ] || fail "the seed needs a place below 2 TiB, since the image has an MBR" ;;
    gpt) kind=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7 && sfdisk --relocate gpt-bak-std "/dev/$disk" > /run/seed.err 2>&1 ;;
    *) fail "the image has no partition table, so there is no place for its seed" ;;
    esac
    [ $((start * 512)) -ge "$size" ] || fail "$disk has no room for the seed behind the image: it needs $((SEED_MIB + 2)) MiB"
    echo "start=$start,size=$((SEED_MIB * 2048)),type=$kind" |
        sfdisk --append --no-reread --wipe never "/dev/$disk" > /run/seed.err 2>&1 ||
        fail "no partition for the seed can be added: $(grep . /run/seed.err | tail -n 1)"
    sfdisk -d "/dev/$disk" 2>/dev/null | grep -q "start= *$start," || fail "no partition for the seed can be added: all are used"
    gunzip -c "/lib/seed-$seed_label.fat.gz" | dd of="/dev/$disk" bs=512 seek=$start conv=notrunc,fsync 2> /run/seed.err ||
        fail "the seed's file system cannot be written: $(cat /run/seed.err)"
    blockdev --rereadpt "/dev/$disk" 2> /run/seed.err
}

write_seed() {
    local partition name result count=0 total=$(echo "$seed" | wc -w)
    [ "$seed" ] || return
    report seed 0 "$total"
    blockdev --rereadpt "/dev/$disk" 2> /run/seed.err
    partition=$(seed_partition)
    if [ -z "$partition" ]; then
        make_seed_partition
        partition=$(seed_partition)
        [ "$partition" ] || fail "the partition made for the seed is not there"
    fi
    mkdir -p /seed
    mount -t vfat "/dev/$partition" /seed 2> /run/seed.err || fail "the seed partition $partition cannot be mounted: $(cat /run/seed.err)"
    for name in $seed; do
        case /$name in */.* | *[!A-Za-z0-9._/-]*) fail "the service named a seed file '$name'" ;; esac
        fetch_seed "$name" || fail "the seed file $name did not come: $(cat /run/seed.err)"
        mkdir -p "$(dirname "/seed/$name")"
        cp "/run/seed-files/$name" "/seed/$name" 2> /run/seed.err || fail "the seed file $name does not fit: $(cat /run/seed.err)"
        count=$((count + 1))
        report seed $count "$total"
    done
    umount /seed
    sync
    blockdev --flushbufs "/dev/$disk"
    say "seeded $partition with $seed"
}

fetch_seed() {
    local since=$(now)
    mkdir -p "$(dirname "/run/seed-files/$1")"
    until timeout 20 wget -q -O "/run/seed-files/$1" --header "Authorization: Bearer $token" "$api/deploy/v1/seed/$1" 2> /run/seed.err; do
        case $(cat /run/seed.err) in *"HTTP/1."?" 4"*) return 1 ;; esac
        absent_too_long "$since" && return 1
        sleep 1
    done
}

say "deploy ramdisk, kernel $(uname -r), $([ -d /sys/firmware/efi ] && echo UEFI || echo BIOS)"
find_job
api=$(value api /run/job.conf)
token=$(value token /run/job.conf)
case $api in *[!A-Za-z0-9.:/_-]*) api='' ;; http://?*) ;; *) api='' ;; esac
[ "$api" ] || refuse "lightsout/job.conf names no http:// address of the service"
[ "$token" ] || refuse "lightsout/job.conf holds no token"
early=$(disks)
network
check_in "$early"
case $errand in
install)
    erase_ends
    write_image
    verify
    write_seed
    ;;
erase)
    erase
    look_at_erased
    ;;
rescue) rescue ;;
inspect) inspect ;;
esac
insist 'done' 'ok=1'
outcome $? "the end of the job"
say "done; powering off"
sleep 1
