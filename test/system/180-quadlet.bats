#!/usr/bin/env bats
# Quadlets: the services that systemd's generator makes of them.  The values of keys are looked up in
# what was written, as systemd would read it.
load helpers

: "${QUADLET:=$BATS_TEST_DIRNAME/../../build/src/quadlet/quadlet}"

setup() {
    basic_setup
    export QUADLET_UNIT_DIRS=$TEST_DIR/units
    OUT=$TEST_DIR/out
    mkdir "$QUADLET_UNIT_DIRS"
}

teardown() {
    basic_teardown
}

# unit NAME < text
unit() { cat >"$QUADLET_UNIT_DIRS/$1"; }

generate() {
    rm -rf "$OUT"
    run "$QUADLET" -no-kmsg-log "$@" "$OUT"
}

# line SERVICE KEY: its values, one a line.
line() { sed -n "s/^$2=//p" "$OUT/$1"; }

# becomes EXTENSION LINE BASE < "Key=value => words" rows: each alone makes those words of LINE, beside
# BASE, the keys that the kind cannot do without.
becomes() {
    local extension=$1 key=$2 base=$3 section n=0 row rows=() bad=0
    section=${extension^}
    while IFS= read -r row; do
        [ -n "$row" ] || continue
        rows+=("$row")
        printf '[%s]\n%b\n%b\n' "$section" "$base" "${row%% => *}" >"$QUADLET_UNIT_DIRS/row$n.$extension"
        n=$((n + 1))
    done
    generate
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    local suffix=-$extension
    case $extension in container | kube) suffix= ;; esac
    for ((n = 0; n < ${#rows[@]}; n++)); do
        local got want=${rows[n]#* => }
        got=" $(line "row$n$suffix.service" "$key") "
        if [[ $want = '!'* ]]; then
            [[ $got != *" ${want#!} "* ]] && continue
        else
            [[ $got == *" $want "* ]] && continue
        fi
        echo "${rows[n]}: $got"
        bad=1
    done
    return $bad
}

@test "quadlet: each key of a container becomes podman's option" {
    touch "$TEST_DIR/null"
    becomes container ExecStart 'Image=localhost/i' <<-EOT
		AddCapability=CAP_NET_ADMIN cap_chown => --cap-add cap_net_admin --cap-add cap_chown
		AddDevice=/dev/fuse:r => --device /dev/fuse:r
		AddDevice=-$TEST_DIR/null:/dev/x => --device $TEST_DIR/null:/dev/x
		AddDevice=-/dev/bogus => !--device
		AddHost=a:10.0.0.1 => --add-host a:10.0.0.1
		Annotation=b=2 a=1 => --annotation a=1 --annotation b=2
		AppArmor=p => --security-opt apparmor=p
		AutoUpdate=registry => --label io.containers.autoupdate=registry
		CgroupsMode=no-conmon => --cgroups=no-conmon
		ContainerName=c => --name c
		ContainersConfModule=/etc/m.conf => --module=/etc/m.conf run
		DNS=1.1.1.1 => --dns 1.1.1.1
		DNSOption=ndots:1 => --dns-option ndots:1
		DNSSearch=x.org => --dns-search x.org
		DropCapability=ALL => --cap-drop all
		Entrypoint=/x => --entrypoint /x
		Entrypoint= => --entrypoint ""
		Environment=A=1 "B=x y"\nEnvironment=A=2 => --env A=2 --env "B=x y"
		EnvironmentFile=./e /f => --env-file $QUADLET_UNIT_DIRS/e --env-file /f
		EnvironmentFile=-/none => --env-file -/none
		EnvironmentHost=yes => --env-host
		Exec=a "b c" 'd' => localhost/i a "b c" d
		ExposeHostPort=80-81/udp => --expose 80-81/udp
		GIDMap=0:1:2 => --gidmap 0:1:2
		GlobalArgs=--log-level=debug => --log-level=debug run
		GroupAdd=keep-groups => --group-add keep-groups
		HealthCmd=test "a" => --health-cmd "test \\"a\\""
		HealthInterval=1s => --health-interval 1s
		HealthLogDestination=/l => --health-log-destination /l
		HealthMaxLogCount=3 => --health-max-log-count 3
		HealthMaxLogSize=4 => --health-max-log-size 4
		HealthOnFailure=kill => --health-on-failure kill
		HealthRetries=2 => --health-retries 2
		HealthStartPeriod=3s => --health-start-period 3s
		HealthStartupCmd=x => --health-startup-cmd x
		HealthStartupInterval=4s => --health-startup-interval 4s
		HealthStartupRetries=5 => --health-startup-retries 5
		HealthStartupSuccess=6 => --health-startup-success 6
		HealthStartupTimeout=7s => --health-startup-timeout 7s
		HealthTimeout=8s => --health-timeout 8s
		HostName=h => --hostname h
		HttpProxy=false => --http-proxy=false
		IP=10.0.0.2 => --ip 10.0.0.2
		IP6=fd00::2 => --ip6 fd00::2
		Label="a=x y" => --label "a=x y"
		LogDriver=none => --log-driver none
		LogOpt=max-size=1m => --log-opt max-size=1m
		Mask=/a:/b => --security-opt mask=/a:/b
		Memory=1g => --memory 1g
		Mount=type=tmpfs,destination=/t => --mount type=tmpfs,destination=/t
		Mount=type=bind,source=./x,dst=/t => --mount type=bind,source=$QUADLET_UNIT_DIRS/x,dst=/t
		Network=host => --network host
		NetworkAlias=n => --network-alias n
		NoNewPrivileges=true => --security-opt no-new-privileges
		Notify=true => --sdnotify=container
		Notify=healthy => --sdnotify=healthy
		PidsLimit=9 => --pids-limit 9
		PodmanArgs=--shm-size 1m => --shm-size 1m localhost/i
		PublishPort=127.0.0.1:1:2/udp => --publish 127.0.0.1:1:2/udp
		PublishPort=[::1]:1:2 => --publish [::1]:1:2
		Pull=never => --pull never
		ReadOnly=yes => --read-only
		ReadOnly=no => --read-only=false
		ReadOnlyTmpfs=no => --read-only-tmpfs=false
		RemapUsers=keep-id\nRemapUid=200\nRemapGid=210 => --userns keep-id:uid=200,gid=210
		RemapUsers=auto\nRemapUid=0:1:10\nRemapUidSize=20 => --userns auto:uidmapping=0:1:10,size=20
		RemapUsers=manual\nRemapUid=0:1:10\nRemapGid=0:2:10 => --uidmap 0:1:10 --gidmap 0:2:10
		Retry=5 => --retry 5
		RetryDelay=2s => --retry-delay 2s
		Image=\nRootfs=/r => --rootfs /r
		RunInit=yes => --init
		SeccompProfile=/s => --security-opt seccomp=/s
		Secret=s,type=env => --secret s,type=env
		SecurityLabelDisable=true => --security-opt label=disable
		SecurityLabelFileType=f_t => --security-opt label=filetype:f_t
		SecurityLabelLevel=s0 => --security-opt label=level:s0
		SecurityLabelNested=true => --security-opt label=nested
		SecurityLabelType=t_t => --security-opt label=type:t_t
		ShmSize=1m => --shm-size 1m
		StopSignal=INT => --stop-signal INT
		StopTimeout=3 => --stop-timeout 3
		SubGIDMap=g => --subgidname g
		SubUIDMap=u => --subuidname u
		Sysctl=a.b=1 c.d=2 => --sysctl a.b=1 --sysctl c.d=2
		Timezone=local => --tz local
		Tmpfs=/t:ro => --tmpfs /t:ro
		UIDMap=0:1:2 => --uidmap 0:1:2
		Ulimit=nofile=1 => --ulimit nofile=1
		Unmask=ALL => --security-opt unmask=ALL
		User=1\nGroup=2 => --user 1:2
		UserNS=host => --userns host
		VolatileTmp=yes => --tmpfs /tmp:rw,size=512M,mode=1777
		Volume=./d:/d:Z => -v $QUADLET_UNIT_DIRS/d:/d:Z
		Volume=named:/n => -v named:/n
		Volume=/anonymous => -v /anonymous
		WorkingDir=/w => --workdir /w
		StartWithPod=no => --replace --rm --sdnotify=conmon -d --cgroups=split localhost/i
	EOT
}

@test "quadlet: each key of a volume, a network, an image, an artifact" {
    becomes volume ExecStart '' <<-EOT
		ContainersConfModule=/m => --module=/m volume create --ignore
		Copy=no => --opt nocopy
		Device=tmpfs\nType=tmpfs\nOptions=size=1m => --opt device=tmpfs --opt type=tmpfs --opt o=size=1m
		Device=/dev/x\nUser=root\nGroup=11 => --opt o=uid=0,gid=11
		UID=5\nGID=6 => --opt o=uid=5,gid=6
		Driver=image\nImage=localhost/i => --driver image --opt image=localhost/i
		GlobalArgs=--x => --x volume create
		Label=a=1 => --label a=1
		PodmanArgs=-y => -y systemd-row8
		VolumeName=v => --ignore v
	EOT
    becomes network ExecStart '' <<-EOT
		DisableDNS=yes => --disable-dns
		DNS=1.1.1.1 => --dns 1.1.1.1
		Driver=macvlan => --driver macvlan
		Subnet=10.1.0.0/24\nGateway=10.1.0.1\nIPRange=10.1.0.0/28 => --subnet 10.1.0.0/24 --gateway 10.1.0.1 --ip-range 10.1.0.0/28
		Internal=yes => --internal
		InterfaceName=br9 => --interface-name br9
		IPAMDriver=dhcp => --ipam-driver dhcp
		IPv6=yes => --ipv6
		Options=mtu=1500 isolate=true => --opt isolate=true --opt mtu=1500
		Label=a=1 => --label a=1
		NetworkName=n => --ignore n
		PodmanArgs=-y => -y systemd-row11
		GlobalArgs=--x => --x network
		ContainersConfModule=/m => --module=/m network
	EOT
    becomes network ExecStopPost '' <<<'NetworkDeleteOnStop=yes => network rm systemd-row0'
    becomes image ExecStart 'Image=localhost/i' <<-EOT
		AllTags=yes => --all-tags localhost/i
		Arch=arm64 => --arch arm64
		AuthFile=/a => --authfile /a
		CertDir=/c => --cert-dir /c
		Creds=u:p => --creds u:p
		DecryptionKey=/k => --decryption-key /k
		OS=linux => --os linux
		Policy=newer => --policy newer
		Retry=5 => --retry 5
		RetryDelay=2s => --retry-delay 2s
		TLSVerify=false => --tls-verify=false
		Variant=v7 => --variant v7
		PodmanArgs=-y => image pull -y localhost/i
		GlobalArgs=--x => --x image pull
		ContainersConfModule=/m => --module=/m image
	EOT
    becomes artifact ExecStart 'Artifact=localhost/a' <<-EOT
		AuthFile=/a => --authfile /a
		CertDir=/c => --cert-dir /c
		Creds=u:p => --creds u:p
		DecryptionKey=/k => --decryption-key /k
		Quiet=yes => --quiet
		Retry=5 => --retry 5
		RetryDelay=2s => --retry-delay 2s
		TLSVerify=false => --tls-verify=false
		PodmanArgs=-y => artifact pull -y localhost/a
		GlobalArgs=--x => --x artifact pull
		ContainersConfModule=/m => --module=/m artifact
	EOT
}

@test "quadlet: each key of a build, a pod, Kubernetes YAML" {
    becomes build ExecStart 'ImageTag=localhost/i\nSetWorkingDirectory=unit' <<-EOT
		Annotation=a=1 => --annotation a=1
		Arch=arm64 => --arch arm64
		AuthFile=/a => --authfile /a
		BuildArg=a=1 => --build-arg a=1
		DNS=1.1.1.1 => --dns 1.1.1.1
		DNSOption=o => --dns-option o
		DNSSearch=s => --dns-search s
		Environment=a=1 => --env a=1
		File=/f/Containerfile => --file /f/Containerfile $QUADLET_UNIT_DIRS
		SetWorkingDirectory=\nFile=/f/Containerfile => --file /f/Containerfile /f
		SetWorkingDirectory=file\nFile=./sub/C => --file ./sub/C $QUADLET_UNIT_DIRS/sub
		SetWorkingDirectory=https://x.org/r.git => localhost/i https://x.org/r.git
		SetWorkingDirectory=. => localhost/i .
		ForceRM=no => --force-rm=false
		GroupAdd=g => --group-add g
		IgnoreFile=/i => --ignorefile /i
		ImageTag=localhost/j => --tag localhost/i --tag localhost/j
		Label=a=1 => --label a=1
		Network=host => --network host
		Pull=never => --pull never
		Retry=5 => --retry 5
		RetryDelay=2s => --retry-delay 2s
		Secret=id=s,src=/s => --secret id=s,src=/s
		Target=t => --target t
		TLSVerify=no => --tls-verify=false
		Variant=v => --variant v
		Volume=/a:/b => -v /a:/b
		PodmanArgs=-y => build --tag localhost/i -y $QUADLET_UNIT_DIRS
		GlobalArgs=--x => --x build
		ContainersConfModule=/m => --module=/m build
	EOT
    becomes pod ExecStartPre '' <<-EOT
		AddHost=a:10.0.0.1 => --add-host a:10.0.0.1
		DNS=1.1.1.1 => --dns 1.1.1.1
		DNSOption=o => --dns-option o
		DNSSearch=s => --dns-search s
		ExitPolicy=continue => --exit-policy continue
		GIDMap=0:1:2 => --gidmap 0:1:2
		HostName=h => --hostname h
		IP=10.0.0.2 => --ip 10.0.0.2
		IP6=fd00::2 => --ip6 fd00::2
		Label=a=1 => --label a=1
		Network=host => --network host
		NetworkAlias=n => --network-alias n
		PodName=p => --infra-name p-infra --name p
		PublishPort=1:2 => --publish 1:2
		RemapUsers=keep-id => --userns keep-id
		ShmSize=1m => --shm-size 1m
		SubGIDMap=g => --subgidname g
		SubUIDMap=u => --subuidname u
		UIDMap=0:1:2 => --uidmap 0:1:2
		UserNS=host => --userns host
		Volume=/a:/b => -v /a:/b
		PodmanArgs=-y => -y --infra-name systemd-row21-infra
		GlobalArgs=--x => --x pod create
		ContainersConfModule=/m => --module=/m pod create
	EOT
    becomes pod ExecStop 'StopTimeout=3' <<<'PodName=p => pod stop --ignore --time=3 p'
    becomes kube ExecStart 'Yaml=./y.yml' <<-EOT
		AutoUpdate=registry web/local => --annotation io.containers.autoupdate=registry --annotation io.containers.autoupdate/web=local
		ConfigMap=c.yml => --configmap $QUADLET_UNIT_DIRS/c.yml
		ExitCodePropagation=all => --service-exit-code-propagation=all
		LogDriver=none => --log-driver none
		LogOpt=tag=x => --log-opt tag=x
		Network=host => --network host
		PublishPort=1:2 => --publish 1:2
		RemapUsers=auto => --userns auto
		UserNS=host => --userns host
		Yaml=/z.yml => $QUADLET_UNIT_DIRS/y.yml /z.yml
		PodmanArgs=-y => -y $QUADLET_UNIT_DIRS/y.yml
		GlobalArgs=--x => --x kube play --replace --service-container=true
		ContainersConfModule=/m => --module=/m kube play
	EOT
    becomes kube ExecStopPost 'Yaml=/y.yml' <<<'KubeDownForce=yes => kube down --force /y.yml'
    becomes kube WorkingDirectory 'Yaml=/d/y.yml' <<<'SetWorkingDirectory=yaml => /d'
}

@test "quadlet: a service that systemd can start" {
    unit web.container <<-EOT
		[Unit]
		Description=The web
		[Container]
		Image=localhost/web
		[Service]
		Restart=always
		[Install]
		WantedBy=default.target other.target
		RequiredBy=r.service
		UpheldBy=u.service
		Alias=www.service
	EOT
    generate
    is "$status$output" = 0
    is "$(line web.service Description)" = "The web"
    is "$(line web.service Restart)" = always
    is "$(line web.service SourcePath)" = "$QUADLET_UNIT_DIRS/web.container"
    is "$(line web.service Type)" = notify
    is "$(line web.service NotifyAccess)" = all
    is "$(line web.service KillMode)" = mixed
    is "$(line web.service Delegate)" = yes
    is "$(line web.service Environment)" = PODMAN_SYSTEMD_UNIT=%n
    is "$(line web.service RequiresMountsFor)" = %t/containers
    is "$(line web.service After)" = network-online.target
    is "$(line web.service ExecStop)" =~ 'podman rm -v -f -i systemd-%N$'
    is "$(line web.service ExecStopPost)" =~ '^-/.*podman rm -v -f -i systemd-%N$'
    grep -q '^\[X-Container\]$' "$OUT/web.service"
    ! grep -q '^\[Container\]$' "$OUT/web.service"
    is "$(readlink "$OUT/www.service")" = web.service
    for link in default.target.wants other.target.wants r.service.requires u.service.upholds; do
        is "$(readlink "$OUT/$link/web.service")" = ../web.service
    done
    # For a user's manager, and without what every service waits for.
    generate -user
    is "$(line web.service After)" = podman-user-wait-network-online.service
    printf '[Quadlet]\nDefaultDependencies=false\n' >>"$QUADLET_UNIT_DIRS/web.container"
    generate
    is "$(line web.service After)" = ""
    if command -v systemd-analyze >/dev/null; then
        sed -i 's|^Exec\(.*\)=\(-\?\)/[^ ]*|Exec\1=\2/bin/true|' "$OUT/web.service"
        systemd-analyze verify --man=no "$OUT/web.service" 2>&1 | grep 'web.service:' | grep -v UpheldBy && return 1
    fi
    return 0
}

@test "quadlet: what refers to other quadlets follows their names and waits for them" {
    unit web.container <<-EOT
		[Unit]
		After=db.container x.service
		[Container]
		Image=i.image
		Pod=p.pod
		Network=n.network:ip=10.0.0.2
		Volume=data.volume:/data
		Mount=type=image,source=b.build,destination=/b
		Mount=type=artifact,source=a.artifact,destination=/a
	EOT
    unit db.container <<<$'[Container]\nRootfs=./root\nServiceName=database\nNetwork=web2.container\nPod=p.pod\nStartWithPod=no'
    unit web2.container <<<$'[Container]\nImage=b.build\nContainerName=w2'
    unit i.image <<<$'[Image]\nImage=localhost/i:1\nImageTag=localhost/tag'
    unit b.build <<<$'[Build]\nImageTag=localhost/b\nFile=/C'
    unit n.network <<<'[Network]'
    unit data.volume <<<$'[Volume]\nVolumeName=vol'
    unit a.artifact <<<$'[Artifact]\nArtifact=localhost/a'
    unit p.pod <<<'[Pod]'
    generate
    is "$status$output" = 0
    is "$(line web.service After)" =~ 'database.service x.service'
    is "$(line web.service ExecStart)" =~ ' localhost/tag$'
    is "$(line web.service ExecStart)" =~ ' --network systemd-n:ip=10.0.0.2 -v vol:/data --mount type=image,source=localhost/b,destination=/b --mount type=artifact,source=localhost/a,destination=/a '
    for service in i-image n-network data-volume b-build a-artifact; do
        is "$(line web.service Requires)" =~ "$service.service"
        is "$(line web.service After)" =~ "$service.service"
    done
    is "$(line web.service BindsTo)" = p-pod.service
    is "$(line p-pod.service Wants | tail -n 1)" = web.service
    is "$(line p-pod.service Before)" = web.service
    is "$(line database.service ExecStart)" =~ " --network container:w2 .* --rootfs $QUADLET_UNIT_DIRS/root\$"
    is "$(line database.service Requires)" = web2.service
    is "$(line p-pod.service Type)" = forking
    is "$(line p-pod.service PIDFile)" = %t/%N.pid
    is "$(line p-pod.service Restart)" = on-failure
}

@test "quadlet: drop-ins, templates, directories and links" {
    local home=$QUADLET_UNIT_DIRS over=$TEST_DIR/over
    mkdir -p "$home/sub" "$home/a-b.container.d" "$home/a-.container.d" "$home/container.d" "$over/a-b.container.d"
    printf '[Container]\nImage=localhost/1\nEnvironment=A=1\n' >"$home/sub/a-b.container"
    printf '[Container]\nEnvironment=B=2\n' >"$home/a-b.container.d/10.conf"
    printf '[Container]\nEnvironment=C=3\n' >"$home/a-.container.d/05.conf"
    printf '[Container]\nEnvironment=D=4\n' >"$home/container.d/20.conf"
    printf '[Container]\nImage=localhost/2\n' >"$home/container.d/30.conf"
    printf '[Container]\nImage=localhost/3\n' >"$over/a-b.container.d/30.conf"
    unit t@.container <<<$'[Container]\nImage=localhost/t\n[Install]\nWantedBy=w.target\nDefaultInstance=d'
    ln -s t@.container "$home/t@one.container"
    mkdir "$home/t@two.container.d"
    printf '[Container]\nEnvironment=TWO=1\n' >"$home/t@two.container.d/a.conf"
    ln -s "$home/sub" "$home/loop" && ln -s "$home" "$home/sub/loop"
    export QUADLET_UNIT_DIRS=$over:$home
    generate
    is "$status$output" = 0
    is "$(line a-b.service ExecStart)" =~ ' --env A=1 --env B=2 --env C=3 --env D=4 localhost/3$'
    is "$(line t@.service ExecStart)" =~ ' --name systemd-%p_%i '
    is "$(readlink "$OUT/w.target.wants/t@d.service")" = ../t@.service
    [ -e "$OUT/w.target.wants/t@one.service" ]
    is "$(line t@two.service ExecStart)" =~ ' --env TWO=1 '
}

@test "quadlet: what cannot be used is named, the rest is made all the same" {
    refused() { # WORDS UNIT-TEXT [EXTENSION]
        rm -f "$QUADLET_UNIT_DIRS"/*
        printf '%b\n' "$2" >"$QUADLET_UNIT_DIRS/bad.${3:-container}"
        unit good.volume <<<'[Volume]'
        generate
        is "$status" = 1
        is "$output" =~ "$1"
        is "$output" =~ 'processing encountered some errors'
        [ -e "$OUT/good-volume.service" ]
        [ -z "$(find "$OUT" -name 'bad*')" ]
    }
    refused 'no Image or Rootfs key specified' '[Container]'
    refused 'the Image And Rootfs keys conflict' '[Container]\nImage=a.b/c\nRootfs=/r'
    refused "unsupported key 'Nope' in group 'Container' in .*/bad.container" '[Container]\nImage=a.b/c\nNope=1'
    refused 'bad.container:2: "Image" is not a key-value pair' '[Container]\nImage'
    refused 'requested Quadlet image x.image was not found' '[Container]\nImage=x.image'
    refused 'requested Quadlet network x.network was not found' '[Container]\nImage=a.b/c\nNetwork=x.network'
    refused 'requested Quadlet volume x.volume was not found' '[Container]\nImage=a.b/c\nVolume=x.volume:/x'
    refused 'pod x is not Quadlet based' '[Container]\nImage=a.b/c\nPod=x'
    refused 'quadlet pod unit x.pod does not exist' '[Container]\nImage=a.b/c\nPod=x.pod'
    refused 'unable to translate dependency for x.container' '[Unit]\nAfter=x.container\n[Container]\nImage=a.b/c'
    refused "invalid KillMode 'none'" '[Container]\nImage=a.b/c\n[Service]\nKillMode=none'
    refused "invalid service Type 'simple'" '[Container]\nImage=a.b/c\n[Service]\nType=simple'
    refused 'using key User in the Service group is not supported' '[Container]\nImage=a.b/c\n[Service]\nUser=x'
    refused 'invalid Group set without User' '[Container]\nImage=a.b/c\nGroup=x'
    refused "invalid port format '1x'" '[Container]\nImage=a.b/c\nExposeHostPort=1x'
    refused "invalid published port '1:2:3:4'" '[Container]\nImage=a.b/c\nPublishPort=1:2:3:4'
    refused 'invalid quadlet mount format' '[Container]\nImage=a.b/c\nMount=/a:/b:ro'
    refused 'ReloadCmd and ReloadSignal are mutually exclusive' '[Container]\nImage=a.b/c\nReloadCmd=a\nReloadSignal=HUP'
    refused 'deprecated Remap keys are set along' '[Container]\nImage=a.b/c\nRemapUsers=auto\nUserNS=host'
    refused "unsupported RemapUsers option 'x'" '[Container]\nImage=a.b/c\nRemapUsers=x'
    refused "key Type can't be used without Device" '[Volume]\nType=x' volume
    refused "key Options can't be used without Device" '[Volume]\nOptions=x' volume
    refused 'no such user on this host' '[Volume]\nUser=nobody-of-that-name' volume
    refused 'cannot set gateway without subnet' '[Network]\nGateway=10.0.0.1' network
    refused 'cannot set more ranges than subnets' '[Network]\nSubnet=10.0.0.0/24\nIPRange=1\nIPRange=2' network
    refused 'no ImageTag key specified' '[Build]\nFile=/x' build
    refused 'neither SetWorkingDirectory, nor File key specified' '[Build]\nImageTag=x' build
    refused 'relative path in File key requires SetWorkingDirectory' '[Build]\nImageTag=x\nFile=x' build
    refused 'no Yaml key specified' '[Kube]' kube
    refused 'no Image key specified' '[Image]' image
    refused 'no Artifact key specified' '[Artifact]' artifact
    # An unknown escape takes its own line away, in words.
    rm -f "$QUADLET_UNIT_DIRS"/*
    unit a.container <<<$'[Container]\nImage=a.b/c\nLabel=r=^foo(\\?.*)?$\nLabel=b=2\nExec=a \\? b'
    generate
    is "$status" = 0
    is "$output" =~ 'Label=.*unsupported escape'
    is "$(line a.service ExecStart)" =~ ' --label b=2 a.b/c$'
    # A short name works, and is warned about.
    unit a.container <<<$'[Container]\nImage=busybox'
    generate
    is "$status" = 0
    is "$output" =~ 'a.container specifies the image "busybox" which not a fully qualified image name'
}

@test "quadlet: the generator's own command line" {
    unit v.volume <<<'[Volume]'
    run "$QUADLET" -dryrun
    is "$status" = 0
    is "$output" =~ '---v-volume.service---'
    run "$QUADLET" -version
    is "$output" = 6.0.0
    run "$QUADLET" -no-kmsg-log
    is "$status" = 1
    is "$output" =~ 'missing output directory argument'
    run "$QUADLET" -nope
    is "$status" = 2
    # systemd calls it by the name of the link in its directory of user generators.
    ln -s "$(realpath "$QUADLET")" "$TEST_DIR/podman-user-generator"
    run "$TEST_DIR/podman-user-generator" -no-kmsg-log "$OUT" "$OUT" "$OUT"
    is "$(line v-volume.service After)" = podman-user-wait-network-online.service
    # Nothing to do is no failure.
    rm "$QUADLET_UNIT_DIRS"/*
    generate
    is "$status$output" = 0
}

@test "quadlet: install, list, print, rm" {
    local from=$TEST_DIR/from
    mkdir "$from"
    printf '[Container]\nImage=a.b/c\nPod=p.pod\n' >"$from/web.container"
    echo data >"$from/data.yml"
    run_podman quadlet install "$from/web.container" "$from/data.yml"
    is "${lines[-1]}" = "$QUADLET_UNIT_DIRS/web.container"
    cmp "$from/web.container" "$QUADLET_UNIT_DIRS/web.container"
    cmp "$from/data.yml" "$QUADLET_UNIT_DIRS/data.yml"
    run_podman quadlet list --format '{{.Name}} {{.UnitName}} {{.Path}} {{.Pod}}'
    is "$output" = "web.container web.service $QUADLET_UNIT_DIRS/web.container p.pod"
    run_podman quadlet ls -f name='x*' --noheading
    is "$output" = ""
    run_podman quadlet ls -f name='we*' -f pod=p.pod --format '{{.Name}}'
    is "$output" = web.container
    run_podman quadlet ls -f status=active/running -n
    is "$output" = ""
    run_podman 125 quadlet ls -f nope=1
    is "$output" = "Error: nope is not a valid quadlet filter"
    run_podman quadlet ls
    is "${lines[0]}" =~ '^NAME +UNIT NAME +PATH ON DISK +STATUS +APPLICATION'
    run_podman quadlet cat web.container
    is "$output" = "$(cat "$from/web.container")"
    run_podman 125 quadlet print nope.container
    is "$output" = 'Error: could not locate quadlet "nope.container" in any supported quadlet directory'
    # What is there is not written over unless that is asked for.
    echo '# changed' >>"$from/web.container"
    run_podman 125 quadlet install "$from/web.container"
    is "$output" =~ 'a Quadlet with name web.container already exists, refusing to overwrite'
    run_podman quadlet install --replace --reload-systemd=false "$from/web.container" "$from/data.yml"
    cmp "$from/web.container" "$QUADLET_UNIT_DIRS/web.container"
    # It takes what came with it along.
    run_podman quadlet rm web.container
    is "${lines[-1]}" = web.container
    is "$(ls -A "$QUADLET_UNIT_DIRS")" = ""
    run_podman 125 quadlet rm web.container
    is "$output" =~ 'no such quadlet: "web.container"'
    run_podman quadlet rm --ignore web.container
    run_podman 125 quadlet rm
    is "$output" = "Error: must provide at least 1 quadlet to remove"
}

@test "quadlet: applications come and go as a whole, from directories, files of several, URLs" {
    local app=$TEST_DIR/shop
    mkdir -p "$app/.git"
    printf '[Container]\nImage=a.b/c\n' >"$app/web.container"
    printf '[Volume]\n' >"$app/data.volume"
    echo secret >"$app/settings.env"
    run_podman quadlet install --reload-systemd=false "$app/"
    is "$(printf '%s\n' "${lines[@]##*/}" | sort | xargs)" = "data.volume web.container"
    run_podman quadlet list --format '{{.Name}} {{.App}}'
    is "$output" = $'data.volume .shop.app\nweb.container .shop.app'
    run_podman quadlet rm --reload-systemd=false data.volume
    is "$(ls -A "$QUADLET_UNIT_DIRS")" = ""
    # One of several that cannot be: nothing is.
    printf '[Container\n' >"$app/bad.container"
    run_podman 125 quadlet install "$app"
    is "$output" =~ 'bad.container:1: invalid group name'
    is "$(ls -A "$QUADLET_UNIT_DIRS")" = ""

    printf '# FileName=a\n[Container]\nImage=a.b/c\n\n---\n# FileName=b\n[Network]\n---\n' >"$TEST_DIR/two.quadlets"
    run_podman quadlet install --reload-systemd=false "$TEST_DIR/two.quadlets"
    is "$output" = "$QUADLET_UNIT_DIRS/a.container"$'\n'"$QUADLET_UNIT_DIRS/b.network"
    is "$(cat "$QUADLET_UNIT_DIRS/b.network")" = $'# FileName=b\n[Network]'
    run_podman quadlet rm --reload-systemd=false .two.app
    is "$(ls -A "$QUADLET_UNIT_DIRS")" = ""
    printf '[Network]\n' >"$TEST_DIR/two.quadlets"
    run_podman 125 quadlet install "$TEST_DIR/two.quadlets"
    is "$output" =~ 'FileName='

    rm "$app/bad.container"
    (cd "$app" && exec python3 -u -m http.server --bind 127.0.0.1 0) >"$TEST_DIR/http" 2>&1 3>&- &
    local server=$!
    eventually grep -q 'port' "$TEST_DIR/http"
    run_podman quadlet install --reload-systemd=false \
        "http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$TEST_DIR/http" | head -n 1)/web.container"
    kill "$server"
    is "$output" = "$QUADLET_UNIT_DIRS/web.container"
    cmp "$app/web.container" "$QUADLET_UNIT_DIRS/web.container"
    run_podman 125 quadlet install "$app/settings.env"
    is "$output" =~ '"settings.env" is not a supported Quadlet file type'
    run_podman quadlet rm --all --reload-systemd=false
    is "$output" = web.container
    is "$(ls -A "$QUADLET_UNIT_DIRS")" = ""
}
