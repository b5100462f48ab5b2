# The same thing that `make run` builds and starts, in a container.
#
#   docker build -t lightsout .
#   docker run --init --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
#       --device /dev/kvm -v lightsout:/var/lib/lightsout -p 8443:8443 -p 2222:2222 -p 6230-6249:6230-6249/udp \
#       -v "$PWD/admin-password:/run/secrets/admin:ro" -e BMC_ADMIN_PASSWORD_FILE=/run/secrets/admin lightsout
#
# SYS_ADMIN and unshare(2) give each guest a network namespace of its own; without them guests have no network.
# Without --device /dev/kvm guests are emulated. Guests are processes of the container and END WITH IT: what a restart
# of the service leaves running elsewhere, a restart of the container powers off. Disks and state lie in the volume.
# Stop guests before you replace the container (`docker exec CONTAINER bmc down --yes`).
FROM debian:12-slim

WORKDIR /opt/lightsout
RUN apt-get update

# Each layer needs only what is copied before it, so that a change of our code builds nothing else again.
COPY scripts scripts
RUN scripts/packages run
COPY pyproject.toml requirements-build.txt ./
COPY bmc bmc
COPY robots robots
RUN scripts/venv build
COPY web web
RUN scripts/page && rm -rf web/node_modules
RUN scripts/kernel && .venv/bin/bmc image build
RUN rm -rf /var/lib/apt/lists/* && ln -s /opt/lightsout/.venv/bin/bmc /usr/local/bin/bmc

# Beyond loopback, as a container must listen: HTTPS, with a certificate made on the first start.
COPY scripts/container.toml /etc/lightsout/config.toml
ENV BMC_STATE=/var/lib/lightsout BMC_CONFIG=/etc/lightsout/config.toml
VOLUME /var/lib/lightsout
EXPOSE 8443/tcp 2222/tcp 6230-6249/udp
STOPSIGNAL SIGTERM
CMD ["bmc", "serve"]
