# What the machine consists of, as the kernel sees it. No disk is touched. Part of deploy.sh.
# shellcheck disable=SC3043

# dmi NAME: what the firmware says of itself or of the machine.
dmi() {
    urlencode "$(head -c 128 "/sys/class/dmi/id/$1" 2>/dev/null | tr -d '\n')"
}

# cores: each once, however many threads it has.
cores() {
    local found=$(awk -F: '/^physical id/ { socket = $2 } /^core id/ { seen[socket "/" $2] } END { for (core in seen) n++; print n + 0 }' /proc/cpuinfo)
    [ "$found" -gt 0 ] || found=$(grep -c '^processor' /proc/cpuinfo)
    echo "$found"
}

# memory: what is built in, in bytes; the kernel's own count of what it may use is less.
memory() {
    local blocks=$(ls -d /sys/devices/system/memory/memory* 2>/dev/null | wc -l)
    if [ "$blocks" -gt 0 ]; then
        echo $((blocks * 0x$(cat /sys/devices/system/memory/block_size_bytes)))
    else
        awk '/^MemTotal/ { printf "%.0f\n", $2 * 1024 }' /proc/meminfo
    fi
}

inspect() {
    local nic cards='' mode=Legacy form
    for nic in $(nics); do
        cards="$cards,$nic=$(cat "/sys/class/net/$nic/address")"
    done
    [ -d /sys/firmware/efi ] && mode=UEFI
    form="cpus=$(cores)&memory=$(memory)&nics=$(urlencode "${cards#,}")&firmware=$mode"
    form="$form&firmware_version=$(dmi bios_version)&manufacturer=$(dmi sys_vendor)&model=$(dmi product_name)"
    say "inspected: $(cores) cores, $(($(memory) >> 20)) MiB of memory, network ${cards#,}"
    insist report "$form&serial=$(dmi product_serial)"
    outcome $? "what was found"
}
