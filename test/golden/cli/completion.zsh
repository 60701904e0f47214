#compdef vgpuctl
# zsh completion for vgpuctl, made by: vgpuctl completion zsh

_vgpuctl_live() {
  # Of the whole line: `words` has been taken apart.
  local -a typed target found
  typed=(${(z)BUFFER})
  local flag at
  for flag in --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name; do
    at=${typed[(I)$flag]}
    (( at )) && target+=($flag "${${(Q)typed[at + 1]}/#\~\//$HOME/}")
    target+=(${(M)typed:#$flag=*})
  done
  found=(${(f)"$(vgpuctl __complete --timeout 1s "${target[@]}" $1 2>/dev/null)"})
  compadd -a found
}

_vgpuctl() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a globals
  globals=(
    --socket='[vgpud'\''s socket (default /run/vgpud/vgpud.sock)]:PATH:_files'
    --address='[vgpud of another host, by TLS, instead of --socket; needs the three flags that follow]:HOST\:PORT: '
    --tls-ca='[CAs that hosts have their certificates of, in PEM]:FILE:_files'
    --tls-certificate='[your certificate in PEM, whose URI gives you a role on that host]:FILE:_files'
    --tls-key='[the key of your certificate in PEM]:FILE:_files'
    --tls-server-name='[the name that the host'\''s certificate has, where it is not the one in --address]:NAME: '
    '(--output -o)'{--output=,-o+}'[table (default), wide (with more columns), json, yaml or what else a command has; json and yaml are for errors too]:FORMAT:(table wide json yaml name request)'
    --timeout='[give up on an answer after this time (default 10s; for changes 180s and the grace period)]:DURATION: '
    --no-color'[no colors; NO_COLOR in the environment does the same]'
    '(--help -h)'{--help,-h}'[show what a command does and takes]'
  )
  _arguments -C $globals '1: :->command' '*:: :->argument' && return
  case $state in
    command)
      local -a commands
      commands=(
        'host:show the host, the agent and its connection to libvirt'
        'doctor:say which modes each GPU can be used in, by vgpud or by hand, what stands in the way, and what to do'
        'gpus:list the GPUs and what can still be made on them, or show one'
        'vgpus:list the vGPUs, whoever made them, or show one'
        'domains:list the domains, whoever made them, or show one'
        'top:GPUs and domains as they are now, on the whole screen; plain frames where stdout is no terminal'
        'watch:all there is and then each change of it, a line each; -o json: the items of the stream'
        'events:what happens from now on, a line each'
        'plan:tell what would fit: on which GPUs, made in which order, and what is short for the rest'
        'create:make a vGPU and a domain that holds it, and start the domain'
        'start:start a domain that is stopped'
        'stop:stop a domain; its claim stays'
        'destroy:stop a domain, remove its vGPU and definition, end its claim; disks stay'
        'create-vgpu:make a vGPU for a domain that is managed elsewhere'
        'snippet:print what gives a vGPU to a domain that you manage yourself'
        'delete-vgpu:remove a vGPU that create-vgpu made and end its claim; one that a guest holds goes when that lets go'
        'reserve:hold room for a vGPU until it is bound, released or its time ends'
        'reservations:list the reservations that hold room, or show one'
        'renew:move the end of a reservation'
        'release:give the room of a reservation back'
        'schedule:create, destroy, status, list, check'
        'adopt:take a vGPU that others made over, with its domain if asked; nothing but the domain'\''s mark is changed'
        'release-vgpu:give an own vGPU up: it stays as it is with its domain, without mark and claim'
        'drain:make no new vGPUs on a GPU, or on the whole host; what exists goes on'
        'undrain:make new vGPUs again on a GPU, or on the host; GPUs drained by themselves stay so'
        'set-mode:share a GPU in another mode; refused while anything of it is in use'
        'set-functions:cut a GPU of mode sriov into virtual functions; refused while any of them is used'
        'reconcile:lead the host to what the claims say, and tell each step; it happens by itself, too'
        'operation:show what a change is doing or did; --watch waits for its end and ends as it did'
        'version:show the version of vgpuctl; that of vgpud is shown by host'
        'completion:print a script with which a shell completes vgpuctl; the Debian package has them installed'
        'help:show all commands, or one'
      )
      _describe command commands
      ;;
    argument)
      case $words[1] in
        host) _arguments $globals \
            '(--watch -w)'{--watch,-w}'[show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals]' \
            --interval='[the time between two looks (default 2s, at least 100ms)]:DURATION: ' ;;
        doctor) _arguments $globals \
            --mode='[only what concerns this mode\: gvt-g, gvt-d, gvt-s, sriov]:MODE:(gvt-g gvt-d gvt-s sriov)' \
            --gpu='[only this GPU and the host]:ADDRESS:{_vgpuctl_live gpus}' \
            --all'[also what is as it should be, and what does not concern this host]' \
            --lang='[language\: en, zh-Hans (default by LANG)]:TAG:(en zh-Hans)' \
            --host-root='[examine the files of this tree without vgpud\: a copied host, an unpacked bundle, or / for this machine]:DIR:_files' \
            --pci-id='[say what a GPU could be used for by its PCI id, before it is bought]:8086\:ID: ' \
            --kernel='[with --pci-id\: on this kernel, as 6.12 (default 7.1, the latest that this release knows)]:RELEASE: ' \
            --bundle='[write what the checks look at to a new .tar.gz for others to examine, without what names the host\: of this machine'\''s files or those of --host-root, without vgpud]:FILE:_files' ;;
        gpus) _arguments $globals \
            --no-headers'[tables without their head]' \
            '(--watch -w)'{--watch,-w}'[show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals]' \
            --interval='[the time between two looks (default 2s, at least 100ms)]:DURATION: ' \
            '1:ADDRESS:{_vgpuctl_live gpus}' ;;
        vgpus) _arguments $globals \
            --no-headers'[tables without their head]' \
            '(--watch -w)'{--watch,-w}'[show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals]' \
            --interval='[the time between two looks (default 2s, at least 100ms)]:DURATION: ' \
            '1:VGPU:{_vgpuctl_live vgpus}' ;;
        domains) _arguments $globals \
            --no-headers'[tables without their head]' \
            '(--watch -w)'{--watch,-w}'[show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals]' \
            --interval='[the time between two looks (default 2s, at least 100ms)]:DURATION: ' \
            '1:REF:{_vgpuctl_live domains}' ;;
        top) _arguments $globals \
            --once'[one frame, after one interval\: it takes two looks to say how busy a CPU or GPU is]' \
            '(--frames -n)'{--frames=,-n+}'[this many plain frames]:N: ' \
            --sort='[domains by cpu (default), gpu, memory, name or state]:BY:(cpu gpu memory name state)' \
            --interval='[the time between two looks (default 2s, at least 100ms)]:DURATION: ' ;;
        watch) _arguments $globals \
            --no-headers'[no line above the others]' \
            '*:KIND:(host gpu vgpu domain reservation operation)' ;;
        events) _arguments $globals \
            '*:KIND:(host gpu vgpu domain reservation operation)' ;;
        plan) _arguments $globals \
            '*'--flavor-metadata='[the vGPU by the sizes of a flavor, as hw\:vgt_low_gm_sz=128; repeated for each key]:KEY=VALUE: ' \
            --gpu='[all of them only on this GPU, by PCI address]:ADDRESS:{_vgpuctl_live gpus}' \
            --policy='[among GPUs with room\: pack (the fullest, default), spread (the emptiest) or numa (near to --numa)]:POLICY:(pack spread numa)' \
            --numa='[the host'\''s NUMA node to be near to; alone it means --policy numa]:NODE: ' \
            '*'--aperture='[as if a GPU had another aperture, 128 to 4096 MiB; may be repeated]:ADDRESS=MIB: ' \
            '*'--without-gpu='[as if a GPU were not there; may be repeated]:ADDRESS:{_vgpuctl_live gpus}' \
            --without-foreign'[as if vGPUs that others made were not there]' \
            --empty'[as if the host were empty]' \
            --no-headers'[tables without their head]' \
            '*:WANT\[\:COUNT\]:{_vgpuctl_live types}' ;;
        create) _arguments $globals \
            '(--file -f)'{--file=,-f+}'[a request in YAML with the fields of CreateDomainRequest, - for stdin; NAME and flags win over it]:FILE:_files' \
            --type='[the vGPU by its type, as i915-GVTg_V5_4]:TYPE:{_vgpuctl_live types}' \
            --sizes='[the vGPU by low and high GM in MiB and fences\: the smallest type that holds them]:LOW,HIGH,FENCES: ' \
            '*'--flavor-metadata='[the vGPU by the sizes of a flavor, as hw\:vgt_low_gm_sz=128; repeated for each key]:KEY=VALUE: ' \
            --mode='[the smallest vGPU of a mode\: gvt-g, gvt-d, gvt-s, sriov]:MODE:(gvt-g gvt-d gvt-s sriov)' \
            '*'--need='[the vGPU by what it has to give at least, as gvt-g,low-gm=128\: MODE\[,low-gm=MIB\]\[,high-gm=MIB\]\[,fences=N\]\[,vram=MIB\]\[,ggtt=MIB\]; repeated\: any of them, the first before the others]:NEED:(gvt-g gvt-d gvt-s sriov)' \
            --gpu='[only on this GPU, by PCI address]:ADDRESS:{_vgpuctl_live gpus}' \
            --policy='[among GPUs with room\: pack (the fullest, default), spread (the emptiest) or numa (near to --numa, or to where the domain'\''s memory or CPUs are)]:POLICY:(pack spread numa)' \
            --numa='[the host'\''s NUMA node to be near to; alone it means --policy numa]:NODE: ' \
            --reservation='[take the room of this reservation, by its claim id; what the vGPU is need not be said again]:ID:{_vgpuctl_live reservations}' \
            --vcpus='[virtual CPUs (required here or in the file)]:N: ' \
            --memory='[memory, MiB (required here or in the file)]:MIB: ' \
            --disk='[a disk image below a storage root (this, --kernel or a file is required)]:PATH:_files' \
            --disk-format='[what the image is\: raw or qcow2 (required with --disk)]:FORMAT:(raw qcow2)' \
            --disk-bus='[what it is attached to\: virtio, sata or scsi; on Xen xen (default\: virtio, xen)]:BUS:(virtio sata scsi xen)' \
            --disk-readonly'[the guest may not write to it]' \
            --kernel='[a kernel to boot directly; without one the disk is booted]:PATH:_files' \
            --initrd='[its initial RAM disk]:PATH:_files' \
            --cmdline='[its command line]:TEXT: ' \
            --vnc=-'[a VNC console (default 127.0.0.1 and a free port)]::LISTEN\[\:PORT\]: ' \
            --uuid='[the domain'\''s UUID (default\: a random one)]:UUID: ' \
            --on-stop='[while the domain is off\: hold the vGPU (default) or release it]:WHAT:(hold release)' \
            --claim-id='[your name for the claim; repeat it to retry safely (default\: a new UUID)]:ID: ' \
            --dry-run'[check and place, and do nothing]' \
            '1:NAME: ' ;;
        start) _arguments $globals \
            '1:REF:{_vgpuctl_live domains}' ;;
        stop) _arguments $globals \
            --grace='[time for the guest to shut down before it is forced off (default 60s)]:DURATION: ' \
            --now'[force it off at once; the same as --grace 0]' \
            --no-force'[never force it off\: wait until the guest is off]' \
            '1:REF:{_vgpuctl_live domains}' ;;
        destroy) _arguments $globals \
            --grace='[time for the guest to shut down before it is forced off (default 60s)]:DURATION: ' \
            --now'[force it off at once; the same as --grace 0]' \
            --no-force'[never force it off\: wait until the guest is off]' \
            --allow-missing'[a domain that does not exist is no error]' \
            '(--yes -y)'{--yes,-y}'[do not ask first; without a terminal nobody is asked]' \
            '1:REF:{_vgpuctl_live domains}' ;;
        create-vgpu) _arguments $globals \
            --type='[the vGPU by its type, as i915-GVTg_V5_4]:TYPE:{_vgpuctl_live types}' \
            --sizes='[the vGPU by low and high GM in MiB and fences\: the smallest type that holds them]:LOW,HIGH,FENCES: ' \
            '*'--flavor-metadata='[the vGPU by the sizes of a flavor, as hw\:vgt_low_gm_sz=128; repeated for each key]:KEY=VALUE: ' \
            --mode='[the smallest vGPU of a mode\: gvt-g, gvt-d, gvt-s, sriov]:MODE:(gvt-g gvt-d gvt-s sriov)' \
            '*'--need='[the vGPU by what it has to give at least, as gvt-g,low-gm=128\: MODE\[,low-gm=MIB\]\[,high-gm=MIB\]\[,fences=N\]\[,vram=MIB\]\[,ggtt=MIB\]; repeated\: any of them, the first before the others]:NEED:(gvt-g gvt-d gvt-s sriov)' \
            --gpu='[only on this GPU, by PCI address]:ADDRESS:{_vgpuctl_live gpus}' \
            --policy='[among GPUs with room\: pack (the fullest, default), spread (the emptiest) or numa (near to --numa, or to where the domain'\''s memory or CPUs are)]:POLICY:(pack spread numa)' \
            --numa='[the host'\''s NUMA node to be near to; alone it means --policy numa]:NODE: ' \
            --reservation='[take the room of this reservation, by its claim id; what the vGPU is need not be said again]:ID:{_vgpuctl_live reservations}' \
            --domain-uuid='[the domain that will have it, to be shown; nothing is done to it. Required for a slice of XenGT, which is made for a domain that is there]:UUID: ' \
            '*'--label='[your own word about it]:KEY=VALUE: ' \
            --claim-id='[your name for the claim; repeat it to retry safely (default\: a new UUID)]:ID: ' \
            --dry-run'[check and place, and do nothing]' ;;
        snippet) _arguments $globals \
            --display'[show the screen of a slice on the domain'\''s VNC or SPICE console]' \
            --ramfb'[with a picture before the guest'\''s driver runs; means --display]' \
            --size='[with a screen of this size, pixels; of a slice at most the type'\''s, which means --display and needs libvirt 8.2; in mode gvt-s until a viewer asks for another]:WIDTHxHEIGHT: ' \
            '1:FORM:(libvirt qemu xl)' \
            '2:VGPU:{_vgpuctl_live vgpus}' ;;
        delete-vgpu) _arguments $globals \
            --allow-missing'[a vGPU that does not exist is no error]' \
            '1:VGPU:{_vgpuctl_live vgpus}' ;;
        reserve) _arguments $globals \
            --type='[the vGPU by its type, as i915-GVTg_V5_4]:TYPE:{_vgpuctl_live types}' \
            --sizes='[the vGPU by low and high GM in MiB and fences\: the smallest type that holds them]:LOW,HIGH,FENCES: ' \
            '*'--flavor-metadata='[the vGPU by the sizes of a flavor, as hw\:vgt_low_gm_sz=128; repeated for each key]:KEY=VALUE: ' \
            --mode='[the smallest vGPU of a mode\: gvt-g, gvt-d, gvt-s, sriov]:MODE:(gvt-g gvt-d gvt-s sriov)' \
            '*'--need='[the vGPU by what it has to give at least, as gvt-g,low-gm=128\: MODE\[,low-gm=MIB\]\[,high-gm=MIB\]\[,fences=N\]\[,vram=MIB\]\[,ggtt=MIB\]; repeated\: any of them, the first before the others]:NEED:(gvt-g gvt-d gvt-s sriov)' \
            --gpu='[only on this GPU, by PCI address]:ADDRESS:{_vgpuctl_live gpus}' \
            --policy='[among GPUs with room\: pack (the fullest, default), spread (the emptiest) or numa (near to --numa, or to where the domain'\''s memory or CPUs are)]:POLICY:(pack spread numa)' \
            --numa='[the host'\''s NUMA node to be near to; alone it means --policy numa]:NODE: ' \
            --ttl='[for how long from now, 1s to 24h (default 60s)]:DURATION: ' \
            --claim-id='[your name for the claim; repeat it to retry safely (default\: a new UUID)]:ID: ' \
            --dry-run'[check and place, and do nothing]' ;;
        reservations) _arguments $globals \
            --no-headers'[tables without their head]' \
            '(--watch -w)'{--watch,-w}'[show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals]' \
            --interval='[the time between two looks (default 2s, at least 100ms)]:DURATION: ' \
            '1:CLAIM_ID:{_vgpuctl_live reservations}' ;;
        renew) _arguments $globals \
            --ttl='[for how long from now, 1s to 24h; must be given]:DURATION: ' \
            '1:CLAIM_ID:{_vgpuctl_live reservations}' ;;
        release) _arguments $globals \
            '1:CLAIM_ID:{_vgpuctl_live reservations}' ;;
        adopt) _arguments $globals \
            --with-domain'[its domain, too\: stop, start and destroy manage it from then on]' \
            --claim-id='[your name for the claim; repeat it to retry safely (default\: a new UUID)]:ID: ' \
            --dry-run'[check, and do nothing]' \
            '1:VGPU_ID:{_vgpuctl_live vgpus}' ;;
        release-vgpu) _arguments $globals \
            '(--yes -y)'{--yes,-y}'[do not ask first; without a terminal nobody is asked]' \
            '1:VGPU:{_vgpuctl_live vgpus}' ;;
        drain) _arguments $globals \
            --note='[why, for people]:TEXT: ' \
            '1:GPU:{_vgpuctl_live gpus}' ;;
        undrain) _arguments $globals \
            '1:GPU:{_vgpuctl_live gpus}' ;;
        set-mode) _arguments $globals \
            --dry-run'[check, and do nothing]' \
            '1:GPU:{_vgpuctl_live gpus}' \
            '2:MODE:(gvt-g gvt-d gvt-s sriov auto)' ;;
        set-functions) _arguments $globals \
            --exec-quantum-ms='[time each may use an engine while others wait, 0 to 4294967295; 0\: without a limit]:N: ' \
            --preempt-timeout-us='[time each is given to let go of an engine, 0 to 4294967295; 0\: without a limit]:N: ' \
            --priority='[low, normal or high, where the driver lets it be set]:WORD:(low normal high)' \
            --vram='[local memory of each, MiB (discrete GPUs); 0\: as the driver shares it out]:MIB: ' \
            --ggtt='[graphics address space of each, MiB; 0\: as the driver shares it out]:MIB: ' \
            --dry-run'[check, and do nothing]' \
            '1:GPU:{_vgpuctl_live gpus}' \
            '2:COUNT: ' ;;
        reconcile) _arguments $globals \
            --dry-run'[show the steps and take none]' \
            --no-headers'[tables without their head]' \
            '1:CLAIM: ' ;;
        operation) _arguments $globals \
            '(--watch -w)'{--watch,-w}'[show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals]' \
            --interval='[the time between two looks (default 2s, at least 100ms)]:DURATION: ' \
            '1:NAME: ' ;;
        version) _arguments $globals ;;
        completion) _arguments $globals \
            '1:SHELL:(bash zsh fish)' ;;
        help) _arguments $globals \
            '*:COMMAND:(host doctor gpus vgpus domains top watch events plan create start stop destroy create-vgpu snippet delete-vgpu reserve reservations renew release schedule adopt release-vgpu drain undrain set-mode set-functions reconcile operation version completion help)' ;;
        schedule)
          if (( CURRENT == 2 )); then
            local -a commands
            commands=(
              'create:book a vGPU in Placement and make its domain on the host that has it; on refusal on the next one'
              'destroy:destroy the domain of a claim on its host, then give back what is booked for it; disks stay'
              'status:show what is booked for a claim, and its domain on the host'
              'list:list what vgpuctl has booked in Placement, on all hosts, with its domains'
              'check:say what is wrong in a file of flavors, and which sizes round to which type'
            )
            _describe command commands
          else
            shift words
            (( CURRENT-- ))
            case $words[1] in
              create) _arguments $globals \
                  --flavor='[what the domain is to be like (required)]:NAME: ' \
                  --flavors='[the flavors (default\: as the schedule file says, or /etc/vgpud/flavors.yaml)]:FILE:_files' \
                  --name='[the domain'\''s name (required here or in its file)]:NAME: ' \
                  '(--file -f)'{--file=,-f+}'[the domain in YAML with the fields of CreateDomainRequest, but those that the flavor says; - for stdin (required)]:FILE:_files' \
                  --claim-id='[the claim of a call whose end is not known, to go on with it (default\: a new UUID)]:ID: ' \
                  --schedule-file='[where Placement is, and how hosts are reached (default /etc/vgpud/schedule.yaml)]:FILE:_files' ;;
              destroy) _arguments $globals \
                  --grace='[time for the guest to shut down before it is forced off (default 60s)]:DURATION: ' \
                  --now'[force it off at once; the same as --grace 0]' \
                  --no-force'[never force it off\: wait until the guest is off]' \
                  '(--yes -y)'{--yes,-y}'[do not ask first; without a terminal nobody is asked]' \
                  --host='[the claim'\''s host, where nothing is booked that would say it, or the host itself does not say that it is the one; refused where it is booked on another]:NAME: ' \
                  --schedule-file='[where Placement is, and how hosts are reached (default /etc/vgpud/schedule.yaml)]:FILE:_files' \
                  '1:CLAIM: ' ;;
              status) _arguments $globals \
                  --host='[the host that is asked where nothing is booked for the claim any more; refused where it is booked on another]:NAME: ' \
                  --schedule-file='[where Placement is, and how hosts are reached (default /etc/vgpud/schedule.yaml)]:FILE:_files' \
                  '1:CLAIM: ' ;;
              list) _arguments $globals \
                  --host='[only what is booked on this host]:NAME: ' \
                  --no-headers'[tables without their head]' \
                  --schedule-file='[where Placement is, and how hosts are reached (default /etc/vgpud/schedule.yaml)]:FILE:_files' ;;
              check) _arguments $globals \
                  '1:FLAVORS:_files' ;;
            esac
          fi
          ;;
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _vgpuctl ]]; then
  _vgpuctl "$@"
else
  compdef _vgpuctl vgpuctl
fi
