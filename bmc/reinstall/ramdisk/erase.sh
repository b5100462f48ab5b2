# Erasing a disk for good, and looking at what it holds afterwards. Part of deploy.sh.
# shellcheck disable=SC2154,SC3043

SAMPLES=256
BLOCK=65536

take_method() {
    method=$(value method /run/reply)
    case $method in
    Metadata | Full) ;;
    Discard)
        [ "$(cat "/sys/block/$disk/queue/discard_max_bytes")" -gt 0 ] ||
            fail "$disk cannot discard: it, or the controller in front of it, has no such command; choose Full"
        ;;
    *) fail "the service asked to erase by '$method'; this ramdisk knows Metadata, Full and Discard" ;;
    esac
}

# zero START BYTES: where a disk is smaller, what there is of it.
zero() {
    local start=$1 bytes=$2
    [ "$start" -lt 0 ] && start=0
    [ $((start + bytes)) -gt "$room" ] && bytes=$((room - start))
    dd if=/dev/zero of="/dev/$disk" bs=64k count=$bytes iflag=count_bytes seek="$start" oflag=seek_bytes \
        conv=notrunc,fsync status=none 2> /run/dd.err || fail "erasing $disk failed: $(cat /run/dd.err)"
}

# edges: the first and last MiB of each partition and of the disk, as lines of START BYTES. There lie partition tables
# and what makes a file system, a volume or an array known; the disk's own come last, so that the list can be had again.
edges() {
    local folder start length edge
    for folder in "/sys/block/$disk/$disk"*; do
        [ -f "$folder/partition" ] || continue
        start=$(($(cat "$folder/start") * 512)) length=$(($(cat "$folder/size") * 512))
        edge=$length
        [ $edge -gt 1048576 ] && edge=1048576
        echo "$start $edge"
        echo "$((start + length - edge)) $edge"
    done
    edge=$room
    [ "$edge" -gt 1048576 ] && edge=1048576
    echo "$((room - edge)) $edge"
    echo "0 $edge"
}

# samples: blocks all over the disk, the first and the last among them, as lines of START BYTES.
samples() {
    local number=0 last=$((room - BLOCK))
    [ "$room" -gt $((SAMPLES * BLOCK)) ] || { echo "0 $room"; return; }
    while [ $number -lt $((SAMPLES - 1)) ]; do
        echo "$((last / (SAMPLES - 1) * number / 4096 * 4096)) $BLOCK"
        number=$((number + 1))
    done
    echo "$last $BLOCK"
}

erase() {
    local start bytes number=0 total
    say "erasing $disk, $room bytes: $method"
    edges > /run/edges
    touch_disk "$room"
    case $method in
    Metadata)
        total=$(wc -l < /run/edges)
        while read -r start bytes; do
            zero "$start" "$bytes"
            number=$((number + 1))
            report erase $((room / total * number)) "$room"
        done < /run/edges
        ;;
    Full) overwrite dd if=/dev/zero of="/dev/$disk" bs=1M count="$room" iflag=count_bytes oflag=direct conv=notrunc,fsync ;;
    Discard)
        overwrite blkdiscard "/dev/$disk"
        # Whatever a discard leaves behind, nothing boots from it.
        zero 0 1048576
        zero $((room - 1048576)) 1048576
        ;;
    esac
    report erase "$room" "$room"
}

# overwrite COMMAND: runs it and reports how far it has come.
overwrite() {
    size=$room
    work "$@" 2> /run/dd.err
    follow erase
    wait "$writer" || fail "erasing $disk failed: $(grep -v -e ' records ' -e ' copied, ' /run/dd.err)"
    writer=''
}

# look_at_erased: Metadata is read back whole, the other methods by samples.
look_at_erased() {
    local list=/run/edges start bytes blocks=0 zeros=0 looked=0 before
    [ "$method" = Metadata ] || { samples > /run/samples; list=/run/samples; }
    say "reading back from $disk"
    blockdev --flushbufs "/dev/$disk"
    echo 3 > /proc/sys/vm/drop_caches
    local total=$(awk '{ sum += $2 } END { printf "%.0f", sum }' $list)
    report verify 0 "$total"
    before=$(now)
    while read -r start bytes; do
        [ "$(dd if="/dev/$disk" bs=64k skip="$start" count="$bytes" iflag=skip_bytes,count_bytes status=none \
            2> /run/dd.err | tr -d '\0' | head -c 1 | wc -c)" = 0 ] && zeros=$((zeros + 1))
        [ -s /run/dd.err ] && fail "reading back from $disk failed: $(cat /run/dd.err)"
        blocks=$((blocks + 1)) looked=$((looked + bytes))
        [ "$(now)" = "$before" ] && continue
        before=$(now)
        report verify $looked "$total"
    done < $list
    report verify "$total" "$total"
    insist verified "blocks=$blocks&zeros=$zeros&bytes=$looked"
    case $? in
    0) ;;
    8) fail "$((blocks - zeros)) of $blocks places of $disk that were read back still hold data" ;;
    *) outcome $? "what was read back" ;;
    esac
    say "$zeros of $blocks places that were read back hold zeros"
}
