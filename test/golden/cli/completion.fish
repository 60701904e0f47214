# fish completion for vgpuctl, made by: vgpuctl completion fish

function __vgpuctl_command
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --socket --output -o --timeout --interval --mode --gpu --lang --host-root --pci-id --kernel --bundle --frames -n --sort --flavor-metadata --policy --numa --aperture --without-gpu --file -f --type --sizes --reservation --vcpus --memory --disk --disk-format --disk-bus --initrd --cmdline --uuid --on-stop --claim-id --grace --domain-uuid --label --ttl --note
                set skip 1
            case '-*'
            case '*'
                echo $word
                return
        end
    end
end

function __vgpuctl_is
    set -l command (__vgpuctl_command)
    test "$command" = "$argv[1]"
end

function __vgpuctl_live
    set -l socket
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case --socket
                set -l next (math $i + 1)
                set socket --socket (string replace -r '^~/' "$HOME/" -- $words[$next])
            case '--socket=*'
                set socket $words[$i]
        end
    end
    vgpuctl __complete --timeout 1s $socket $argv[1] 2>/dev/null
end

complete -c vgpuctl -f
complete -c vgpuctl -l socket -F -r -d 'vgpud\'s socket (default /run/vgpud/vgpud.sock)'
complete -c vgpuctl -l output -s o -a 'table wide json yaml name request' -x -d 'table (default), wide (with more columns), json, yaml or what else a command has; json and yaml are for errors too'
complete -c vgpuctl -l timeout -x -d 'give up on an answer after this time (default 10s; for changes 180s and the grace period)'
complete -c vgpuctl -l no-color -d 'no colors; NO_COLOR in the environment does the same'
complete -c vgpuctl -l help -s h -d 'show what a command does and takes'
complete -c vgpuctl -n '__vgpuctl_is ""' -a host -d 'show the host, the agent and its connection to libvirt'
complete -c vgpuctl -n '__vgpuctl_is host' -l watch -s w -d 'show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals'
complete -c vgpuctl -n '__vgpuctl_is host' -l interval -x -d 'the time between two looks (default 2s, at least 100ms)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a doctor -d 'say which modes each GPU can be used in, by vgpud or by hand, what stands in the way, and what to do'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l mode -a 'gvt-g gvt-d gvt-s sriov' -x -d 'only what concerns this mode: gvt-g, gvt-d, gvt-s, sriov'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l gpu -a '(__vgpuctl_live gpus)' -x -d 'only this GPU and the host'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l all -d 'also what is as it should be, and what does not concern this host'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l lang -a 'en zh-Hans' -x -d 'language: en, zh-Hans (default by LANG)'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l host-root -F -r -d 'examine the files of this tree without vgpud: a copied host, an unpacked bundle, or / for this machine'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l pci-id -x -d 'say what a GPU could be used for by its PCI id, before it is bought'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l kernel -x -d 'with --pci-id: on this kernel, as 6.12 (default 7.1, the latest that this release knows)'
complete -c vgpuctl -n '__vgpuctl_is doctor' -l bundle -F -r -d 'write what the checks look at to a new .tar.gz for others to examine, without what names the host: of this machine\'s files or those of --host-root, without vgpud'
complete -c vgpuctl -n '__vgpuctl_is ""' -a gpus -d 'list the GPUs and what can still be made on them, or show one'
complete -c vgpuctl -n '__vgpuctl_is gpus' -l no-headers -d 'tables without their head'
complete -c vgpuctl -n '__vgpuctl_is gpus' -l watch -s w -d 'show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals'
complete -c vgpuctl -n '__vgpuctl_is gpus' -l interval -x -d 'the time between two looks (default 2s, at least 100ms)'
complete -c vgpuctl -n '__vgpuctl_is gpus' -a '(__vgpuctl_live gpus)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a vgpus -d 'list the vGPUs, whoever made them, or show one'
complete -c vgpuctl -n '__vgpuctl_is vgpus' -l no-headers -d 'tables without their head'
complete -c vgpuctl -n '__vgpuctl_is vgpus' -l watch -s w -d 'show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals'
complete -c vgpuctl -n '__vgpuctl_is vgpus' -l interval -x -d 'the time between two looks (default 2s, at least 100ms)'
complete -c vgpuctl -n '__vgpuctl_is vgpus' -a '(__vgpuctl_live vgpus)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a domains -d 'list the domains, whoever made them, or show one'
complete -c vgpuctl -n '__vgpuctl_is domains' -l no-headers -d 'tables without their head'
complete -c vgpuctl -n '__vgpuctl_is domains' -l watch -s w -d 'show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals'
complete -c vgpuctl -n '__vgpuctl_is domains' -l interval -x -d 'the time between two looks (default 2s, at least 100ms)'
complete -c vgpuctl -n '__vgpuctl_is domains' -a '(__vgpuctl_live domains)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a top -d 'GPUs and domains as they are now, on the whole screen; plain frames where stdout is no terminal'
complete -c vgpuctl -n '__vgpuctl_is top' -l once -d 'one frame, after one interval: it takes two looks to say how busy a CPU is'
complete -c vgpuctl -n '__vgpuctl_is top' -l frames -s n -x -d 'this many plain frames'
complete -c vgpuctl -n '__vgpuctl_is top' -l sort -a 'cpu memory name state' -x -d 'domains by cpu (default), memory, name or state'
complete -c vgpuctl -n '__vgpuctl_is top' -l interval -x -d 'the time between two looks (default 2s, at least 100ms)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a watch -d 'all there is and then each change of it, a line each; -o json: the items of the stream'
complete -c vgpuctl -n '__vgpuctl_is watch' -l no-headers -d 'no line above the others'
complete -c vgpuctl -n '__vgpuctl_is watch' -a 'host gpu vgpu domain reservation operation'
complete -c vgpuctl -n '__vgpuctl_is ""' -a events -d 'what happens from now on, a line each'
complete -c vgpuctl -n '__vgpuctl_is events' -a 'host gpu vgpu domain reservation operation'
complete -c vgpuctl -n '__vgpuctl_is ""' -a plan -d 'tell what would fit: on which GPUs, made in which order, and what is short for the rest'
complete -c vgpuctl -n '__vgpuctl_is plan' -l flavor-metadata -x -d 'the vGPU by the sizes of a flavor, as hw:vgt_low_gm_sz=128; repeated for each key'
complete -c vgpuctl -n '__vgpuctl_is plan' -l gpu -a '(__vgpuctl_live gpus)' -x -d 'all of them only on this GPU, by PCI address'
complete -c vgpuctl -n '__vgpuctl_is plan' -l policy -a 'pack spread numa' -x -d 'among GPUs with room: pack (the fullest, default), spread (the emptiest) or numa (near to --numa)'
complete -c vgpuctl -n '__vgpuctl_is plan' -l numa -x -d 'the host\'s NUMA node to be near to; alone it means --policy numa'
complete -c vgpuctl -n '__vgpuctl_is plan' -l aperture -x -d 'as if a GPU had another aperture, 128 to 4096 MiB; may be repeated'
complete -c vgpuctl -n '__vgpuctl_is plan' -l without-gpu -a '(__vgpuctl_live gpus)' -x -d 'as if a GPU were not there; may be repeated'
complete -c vgpuctl -n '__vgpuctl_is plan' -l without-foreign -d 'as if vGPUs that others made were not there'
complete -c vgpuctl -n '__vgpuctl_is plan' -l empty -d 'as if the host were empty'
complete -c vgpuctl -n '__vgpuctl_is plan' -l no-headers -d 'tables without their head'
complete -c vgpuctl -n '__vgpuctl_is plan' -a '(__vgpuctl_live types)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a create -d 'make a vGPU and a domain that holds it, and start the domain'
complete -c vgpuctl -n '__vgpuctl_is create' -l file -s f -F -r -d 'a request in YAML with the fields of CreateDomainRequest, - for stdin; NAME and flags win over it'
complete -c vgpuctl -n '__vgpuctl_is create' -l type -a '(__vgpuctl_live types)' -x -d 'the vGPU by its type, as i915-GVTg_V5_4'
complete -c vgpuctl -n '__vgpuctl_is create' -l sizes -x -d 'the vGPU by low and high GM in MiB and fences: the smallest type that holds them'
complete -c vgpuctl -n '__vgpuctl_is create' -l flavor-metadata -x -d 'the vGPU by the sizes of a flavor, as hw:vgt_low_gm_sz=128; repeated for each key'
complete -c vgpuctl -n '__vgpuctl_is create' -l mode -a 'gvt-g' -x -d 'the smallest vGPU of a mode: gvt-g'
complete -c vgpuctl -n '__vgpuctl_is create' -l gpu -a '(__vgpuctl_live gpus)' -x -d 'only on this GPU, by PCI address'
complete -c vgpuctl -n '__vgpuctl_is create' -l policy -a 'pack spread numa' -x -d 'among GPUs with room: pack (the fullest, default), spread (the emptiest) or numa (near to --numa, or to where the domain\'s memory or CPUs are)'
complete -c vgpuctl -n '__vgpuctl_is create' -l numa -x -d 'the host\'s NUMA node to be near to; alone it means --policy numa'
complete -c vgpuctl -n '__vgpuctl_is create' -l reservation -a '(__vgpuctl_live reservations)' -x -d 'take the room of this reservation, by its claim id; what the vGPU is need not be said again'
complete -c vgpuctl -n '__vgpuctl_is create' -l vcpus -x -d 'virtual CPUs (required here or in the file)'
complete -c vgpuctl -n '__vgpuctl_is create' -l memory -x -d 'memory, MiB (required here or in the file)'
complete -c vgpuctl -n '__vgpuctl_is create' -l disk -F -r -d 'a disk image below a storage root (this, --kernel or a file is required)'
complete -c vgpuctl -n '__vgpuctl_is create' -l disk-format -a 'raw qcow2' -x -d 'what the image is: raw or qcow2 (required with --disk)'
complete -c vgpuctl -n '__vgpuctl_is create' -l disk-bus -a 'virtio sata scsi' -x -d 'what it is attached to: virtio (default), sata or scsi'
complete -c vgpuctl -n '__vgpuctl_is create' -l disk-readonly -d 'the guest may not write to it'
complete -c vgpuctl -n '__vgpuctl_is create' -l kernel -F -r -d 'a kernel to boot directly; without one the disk is booted'
complete -c vgpuctl -n '__vgpuctl_is create' -l initrd -F -r -d 'its initial RAM disk'
complete -c vgpuctl -n '__vgpuctl_is create' -l cmdline -x -d 'its command line'
complete -c vgpuctl -n '__vgpuctl_is create' -l vnc -d 'a VNC console (default 127.0.0.1 and a free port)'
complete -c vgpuctl -n '__vgpuctl_is create' -l uuid -x -d 'the domain\'s UUID (default: a random one)'
complete -c vgpuctl -n '__vgpuctl_is create' -l on-stop -a 'hold release' -x -d 'while the domain is off: hold the vGPU (default) or release it'
complete -c vgpuctl -n '__vgpuctl_is create' -l claim-id -x -d 'your name for the claim; repeat it to retry safely (default: a new UUID)'
complete -c vgpuctl -n '__vgpuctl_is create' -l dry-run -d 'check and place, and do nothing'
complete -c vgpuctl -n '__vgpuctl_is ""' -a start -d 'start a domain that is stopped'
complete -c vgpuctl -n '__vgpuctl_is start' -a '(__vgpuctl_live domains)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a stop -d 'stop a domain; its claim stays'
complete -c vgpuctl -n '__vgpuctl_is stop' -l grace -x -d 'time for the guest to shut down before it is forced off (default 60s)'
complete -c vgpuctl -n '__vgpuctl_is stop' -l now -d 'force it off at once; the same as --grace 0'
complete -c vgpuctl -n '__vgpuctl_is stop' -l no-force -d 'never force it off: wait until the guest is off'
complete -c vgpuctl -n '__vgpuctl_is stop' -a '(__vgpuctl_live domains)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a destroy -d 'stop a domain, remove its vGPU and definition, end its claim; disks stay'
complete -c vgpuctl -n '__vgpuctl_is destroy' -l grace -x -d 'time for the guest to shut down before it is forced off (default 60s)'
complete -c vgpuctl -n '__vgpuctl_is destroy' -l now -d 'force it off at once; the same as --grace 0'
complete -c vgpuctl -n '__vgpuctl_is destroy' -l no-force -d 'never force it off: wait until the guest is off'
complete -c vgpuctl -n '__vgpuctl_is destroy' -l allow-missing -d 'a domain that does not exist is no error'
complete -c vgpuctl -n '__vgpuctl_is destroy' -l yes -s y -d 'do not ask first; without a terminal nobody is asked'
complete -c vgpuctl -n '__vgpuctl_is destroy' -a '(__vgpuctl_live domains)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a create-vgpu -d 'make a vGPU for a domain that is managed elsewhere'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l type -a '(__vgpuctl_live types)' -x -d 'the vGPU by its type, as i915-GVTg_V5_4'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l sizes -x -d 'the vGPU by low and high GM in MiB and fences: the smallest type that holds them'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l flavor-metadata -x -d 'the vGPU by the sizes of a flavor, as hw:vgt_low_gm_sz=128; repeated for each key'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l mode -a 'gvt-g' -x -d 'the smallest vGPU of a mode: gvt-g'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l gpu -a '(__vgpuctl_live gpus)' -x -d 'only on this GPU, by PCI address'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l policy -a 'pack spread numa' -x -d 'among GPUs with room: pack (the fullest, default), spread (the emptiest) or numa (near to --numa, or to where the domain\'s memory or CPUs are)'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l numa -x -d 'the host\'s NUMA node to be near to; alone it means --policy numa'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l reservation -a '(__vgpuctl_live reservations)' -x -d 'take the room of this reservation, by its claim id; what the vGPU is need not be said again'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l domain-uuid -x -d 'the domain that will have it, to be shown; nothing is done to it'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l label -x -d 'your own word about it'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l claim-id -x -d 'your name for the claim; repeat it to retry safely (default: a new UUID)'
complete -c vgpuctl -n '__vgpuctl_is create-vgpu' -l dry-run -d 'check and place, and do nothing'
complete -c vgpuctl -n '__vgpuctl_is ""' -a delete-vgpu -d 'remove a vGPU that create-vgpu made and end its claim; one that a guest holds goes when that lets go'
complete -c vgpuctl -n '__vgpuctl_is delete-vgpu' -l allow-missing -d 'a vGPU that does not exist is no error'
complete -c vgpuctl -n '__vgpuctl_is delete-vgpu' -a '(__vgpuctl_live vgpus)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a reserve -d 'hold room for a vGPU until it is bound, released or its time ends'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l type -a '(__vgpuctl_live types)' -x -d 'the vGPU by its type, as i915-GVTg_V5_4'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l sizes -x -d 'the vGPU by low and high GM in MiB and fences: the smallest type that holds them'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l flavor-metadata -x -d 'the vGPU by the sizes of a flavor, as hw:vgt_low_gm_sz=128; repeated for each key'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l mode -a 'gvt-g' -x -d 'the smallest vGPU of a mode: gvt-g'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l gpu -a '(__vgpuctl_live gpus)' -x -d 'only on this GPU, by PCI address'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l policy -a 'pack spread numa' -x -d 'among GPUs with room: pack (the fullest, default), spread (the emptiest) or numa (near to --numa, or to where the domain\'s memory or CPUs are)'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l numa -x -d 'the host\'s NUMA node to be near to; alone it means --policy numa'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l ttl -x -d 'for how long from now, 1s to 24h (default 60s)'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l claim-id -x -d 'your name for the claim; repeat it to retry safely (default: a new UUID)'
complete -c vgpuctl -n '__vgpuctl_is reserve' -l dry-run -d 'check and place, and do nothing'
complete -c vgpuctl -n '__vgpuctl_is ""' -a reservations -d 'list the reservations that hold room, or show one'
complete -c vgpuctl -n '__vgpuctl_is reservations' -l no-headers -d 'tables without their head'
complete -c vgpuctl -n '__vgpuctl_is reservations' -l watch -s w -d 'show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals'
complete -c vgpuctl -n '__vgpuctl_is reservations' -l interval -x -d 'the time between two looks (default 2s, at least 100ms)'
complete -c vgpuctl -n '__vgpuctl_is reservations' -a '(__vgpuctl_live reservations)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a renew -d 'move the end of a reservation'
complete -c vgpuctl -n '__vgpuctl_is renew' -l ttl -x -d 'for how long from now, 1s to 24h; must be given'
complete -c vgpuctl -n '__vgpuctl_is renew' -a '(__vgpuctl_live reservations)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a release -d 'give the room of a reservation back'
complete -c vgpuctl -n '__vgpuctl_is release' -a '(__vgpuctl_live reservations)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a adopt -d 'take a vGPU that others made over, with its domain if asked; nothing but the domain\'s mark is changed'
complete -c vgpuctl -n '__vgpuctl_is adopt' -l with-domain -d 'its domain, too: stop, start and destroy manage it from then on'
complete -c vgpuctl -n '__vgpuctl_is adopt' -l claim-id -x -d 'your name for the claim; repeat it to retry safely (default: a new UUID)'
complete -c vgpuctl -n '__vgpuctl_is adopt' -l dry-run -d 'check, and do nothing'
complete -c vgpuctl -n '__vgpuctl_is adopt' -a '(__vgpuctl_live vgpus)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a release-vgpu -d 'give an own vGPU up: it stays as it is with its domain, without mark and claim'
complete -c vgpuctl -n '__vgpuctl_is release-vgpu' -l yes -s y -d 'do not ask first; without a terminal nobody is asked'
complete -c vgpuctl -n '__vgpuctl_is release-vgpu' -a '(__vgpuctl_live vgpus)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a drain -d 'make no new vGPUs on a GPU, or on the whole host; what exists goes on'
complete -c vgpuctl -n '__vgpuctl_is drain' -l note -x -d 'why, for people'
complete -c vgpuctl -n '__vgpuctl_is drain' -a '(__vgpuctl_live gpus)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a undrain -d 'make new vGPUs again on a GPU, or on the host; GPUs drained by themselves stay so'
complete -c vgpuctl -n '__vgpuctl_is undrain' -a '(__vgpuctl_live gpus)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a reconcile -d 'lead the host to what the claims say, and tell each step; it happens by itself, too'
complete -c vgpuctl -n '__vgpuctl_is reconcile' -l dry-run -d 'show the steps and take none'
complete -c vgpuctl -n '__vgpuctl_is reconcile' -l no-headers -d 'tables without their head'
complete -c vgpuctl -n '__vgpuctl_is ""' -a operation -d 'show what a change is doing or did; --watch waits for its end and ends as it did'
complete -c vgpuctl -n '__vgpuctl_is operation' -l watch -s w -d 'show it again whenever it has changed, until Ctrl-C; vgpud is asked at intervals'
complete -c vgpuctl -n '__vgpuctl_is operation' -l interval -x -d 'the time between two looks (default 2s, at least 100ms)'
complete -c vgpuctl -n '__vgpuctl_is ""' -a version -d 'show the version of vgpuctl; that of vgpud is shown by host'
complete -c vgpuctl -n '__vgpuctl_is ""' -a completion -d 'print a script with which a shell completes vgpuctl; the Debian package has them installed'
complete -c vgpuctl -n '__vgpuctl_is completion' -a 'bash zsh fish'
complete -c vgpuctl -n '__vgpuctl_is ""' -a help -d 'show all commands, or one'
complete -c vgpuctl -n '__vgpuctl_is help' -a 'host doctor gpus vgpus domains top watch events plan create start stop destroy create-vgpu delete-vgpu reserve reservations renew release adopt release-vgpu drain undrain reconcile operation version completion help'
