# bash completion for vgpuctl, made by: vgpuctl completion bash

_vgpuctl_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_vgpuctl_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_vgpuctl() {
  # The words as they stand on the line: bash takes addresses apart at their colons.
  local line="${COMP_LINE:0:COMP_POINT}" words cur prev command="" operands=0 i
  local -a target=()
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  cur="${words[-1]}" prev="${words[-2]}"
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    case "${words[i]}" in
      # The words are as they were typed: nobody has made a path of ~/ yet.
      --socket | --address | --tls-ca | --tls-certificate | --tls-key | --tls-server-name) target+=("${words[i]}" "${words[i + 1]/#~\//$HOME/}") && ((i++)) ;;
      --socket=* | --address=* | --tls-ca=* | --tls-certificate=* | --tls-key=* | --tls-server-name=*) target+=("${words[i]}") ;;
      --output | -o | --timeout | --interval | --mode | --gpu | --lang | --host-root | --pci-id | --kernel | --bundle | --frames | -n | --sort | --flavor-metadata | --policy | --numa | --aperture | --without-gpu | --file | -f | --type | --sizes | --need | --reservation | --vcpus | --memory | --disk | --disk-format | --disk-bus | --initrd | --cmdline | --uuid | --on-stop | --claim-id | --grace | --domain-uuid | --label | --size | --ttl | --flavor | --flavors | --name | --schedule-file | --host | --note | --exec-quantum-ms | --preempt-timeout-us | --priority | --vram | --ggtt) ((i++)) ;;
      -*) ;;
      *)
        case "$command" in
          "") command="${words[i]}" ;;
          schedule) command+=" ${words[i]}" ;;
          *) ((operands++)) ;;
        esac
        ;;
    esac
  done
  COMPREPLY=()
  if [[ $cur == --*=* ]]; then
    prev="${cur%%=*}" cur="${cur#*=}"
  fi
  _vgpuctl_offer
  # What stands before the last colon stays on the line.
  local kept="${cur%"${cur##*:}"}"
  [[ $COMP_WORDBREAKS == *:* && -n $kept ]] && COMPREPLY=("${COMPREPLY[@]#"$kept"}")
  return 0
}

_vgpuctl_offer() {
  case "$command/$prev" in
    */--socket) _vgpuctl_files "$cur"; return ;;
    */--address) :; return ;;
    */--tls-ca) _vgpuctl_files "$cur"; return ;;
    */--tls-certificate) _vgpuctl_files "$cur"; return ;;
    */--tls-key) _vgpuctl_files "$cur"; return ;;
    */--tls-server-name) :; return ;;
    */--output | */-o) _vgpuctl_words 'table wide json yaml name request' "$cur"; return ;;
    */--timeout) :; return ;;
    */--interval) :; return ;;
    */--mode) _vgpuctl_words 'gvt-g gvt-d gvt-s sriov' "$cur"; return ;;
    */--gpu) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" gpus 2>/dev/null)" "$cur"; return ;;
    */--lang) _vgpuctl_words 'en zh-Hans' "$cur"; return ;;
    */--host-root) _vgpuctl_files "$cur"; return ;;
    */--pci-id) :; return ;;
    doctor/--kernel) :; return ;;
    create/--kernel) _vgpuctl_files "$cur"; return ;;
    */--bundle) _vgpuctl_files "$cur"; return ;;
    */--frames | */-n) :; return ;;
    */--sort) _vgpuctl_words 'cpu gpu memory name state' "$cur"; return ;;
    */--flavor-metadata) :; return ;;
    */--policy) _vgpuctl_words 'pack spread numa' "$cur"; return ;;
    */--numa) :; return ;;
    */--aperture) :; return ;;
    */--without-gpu) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" gpus 2>/dev/null)" "$cur"; return ;;
    */--file | */-f) _vgpuctl_files "$cur"; return ;;
    */--type) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" types 2>/dev/null)" "$cur"; return ;;
    */--sizes) :; return ;;
    */--need) _vgpuctl_words 'gvt-g gvt-d gvt-s sriov' "$cur"; return ;;
    */--reservation) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" reservations 2>/dev/null)" "$cur"; return ;;
    */--vcpus) :; return ;;
    */--memory) :; return ;;
    */--disk) _vgpuctl_files "$cur"; return ;;
    */--disk-format) _vgpuctl_words 'raw qcow2' "$cur"; return ;;
    */--disk-bus) _vgpuctl_words 'virtio sata scsi xen' "$cur"; return ;;
    */--initrd) _vgpuctl_files "$cur"; return ;;
    */--cmdline) :; return ;;
    */--vnc) :; return ;;
    */--uuid) :; return ;;
    */--on-stop) _vgpuctl_words 'hold release' "$cur"; return ;;
    */--claim-id) :; return ;;
    */--grace) :; return ;;
    */--domain-uuid) :; return ;;
    */--label) :; return ;;
    */--size) :; return ;;
    */--ttl) :; return ;;
    */--flavor) :; return ;;
    */--flavors) _vgpuctl_files "$cur"; return ;;
    */--name) :; return ;;
    */--schedule-file) _vgpuctl_files "$cur"; return ;;
    */--host) :; return ;;
    */--note) :; return ;;
    */--exec-quantum-ms) :; return ;;
    */--preempt-timeout-us) :; return ;;
    */--priority) _vgpuctl_words 'low normal high' "$cur"; return ;;
    */--vram) :; return ;;
    */--ggtt) :; return ;;
  esac
  if [[ $cur == -* ]]; then
    case "$command" in
      host) _vgpuctl_words '--watch --interval --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      doctor) _vgpuctl_words '--mode --gpu --all --lang --host-root --pci-id --kernel --bundle --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      gpus) _vgpuctl_words '--no-headers --watch --interval --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      vgpus) _vgpuctl_words '--no-headers --watch --interval --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      domains) _vgpuctl_words '--no-headers --watch --interval --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      top) _vgpuctl_words '--once --frames --sort --interval --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      watch) _vgpuctl_words '--no-headers --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      events) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      plan) _vgpuctl_words '--flavor-metadata --gpu --policy --numa --aperture --without-gpu --without-foreign --empty --no-headers --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      create) _vgpuctl_words '--file --type --sizes --flavor-metadata --mode --need --gpu --policy --numa --reservation --vcpus --memory --disk --disk-format --disk-bus --disk-readonly --kernel --initrd --cmdline --vnc --uuid --on-stop --claim-id --dry-run --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      start) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      stop) _vgpuctl_words '--grace --now --no-force --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      destroy) _vgpuctl_words '--grace --now --no-force --allow-missing --yes --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      create-vgpu) _vgpuctl_words '--type --sizes --flavor-metadata --mode --need --gpu --policy --numa --reservation --domain-uuid --label --claim-id --dry-run --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      snippet) _vgpuctl_words '--display --ramfb --size --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      delete-vgpu) _vgpuctl_words '--allow-missing --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      reserve) _vgpuctl_words '--type --sizes --flavor-metadata --mode --need --gpu --policy --numa --ttl --claim-id --dry-run --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      reservations) _vgpuctl_words '--no-headers --watch --interval --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      renew) _vgpuctl_words '--ttl --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      release) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      schedule\ create) _vgpuctl_words '--flavor --flavors --name --file --claim-id --schedule-file --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      schedule\ destroy) _vgpuctl_words '--grace --now --no-force --yes --host --schedule-file --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      schedule\ status) _vgpuctl_words '--host --schedule-file --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      schedule\ list) _vgpuctl_words '--host --no-headers --schedule-file --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      schedule\ check) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      adopt) _vgpuctl_words '--with-domain --claim-id --dry-run --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      release-vgpu) _vgpuctl_words '--yes --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      drain) _vgpuctl_words '--note --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      undrain) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      set-mode) _vgpuctl_words '--dry-run --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      set-functions) _vgpuctl_words '--exec-quantum-ms --preempt-timeout-us --priority --vram --ggtt --dry-run --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      reconcile) _vgpuctl_words '--dry-run --no-headers --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      operation) _vgpuctl_words '--watch --interval --socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      version) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      completion) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      help) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
      *) _vgpuctl_words '--socket --address --tls-ca --tls-certificate --tls-key --tls-server-name --output --timeout --no-color --help' "$cur" ;;
    esac
    return
  fi
  case "$command/$operands" in
    /0) _vgpuctl_words 'host doctor gpus vgpus domains top watch events plan create start stop destroy create-vgpu snippet delete-vgpu reserve reservations renew release schedule adopt release-vgpu drain undrain set-mode set-functions reconcile operation version completion help' "$cur" ;;
    schedule/0) _vgpuctl_words 'create destroy status list check' "$cur" ;;
    gpus/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" gpus 2>/dev/null)" "$cur" ;;
    vgpus/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" vgpus 2>/dev/null)" "$cur" ;;
    domains/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" domains 2>/dev/null)" "$cur" ;;
    watch/*) _vgpuctl_words 'host gpu vgpu domain reservation operation' "$cur" ;;
    events/*) _vgpuctl_words 'host gpu vgpu domain reservation operation' "$cur" ;;
    plan/*) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" types 2>/dev/null)" "$cur" ;;
    start/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" domains 2>/dev/null)" "$cur" ;;
    stop/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" domains 2>/dev/null)" "$cur" ;;
    destroy/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" domains 2>/dev/null)" "$cur" ;;
    snippet/0) _vgpuctl_words 'libvirt qemu xl' "$cur" ;;
    snippet/1) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" vgpus 2>/dev/null)" "$cur" ;;
    delete-vgpu/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" vgpus 2>/dev/null)" "$cur" ;;
    reservations/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" reservations 2>/dev/null)" "$cur" ;;
    renew/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" reservations 2>/dev/null)" "$cur" ;;
    release/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" reservations 2>/dev/null)" "$cur" ;;
    schedule\ check/0) _vgpuctl_files "$cur" ;;
    adopt/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" vgpus 2>/dev/null)" "$cur" ;;
    release-vgpu/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" vgpus 2>/dev/null)" "$cur" ;;
    drain/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" gpus 2>/dev/null)" "$cur" ;;
    undrain/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" gpus 2>/dev/null)" "$cur" ;;
    set-mode/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" gpus 2>/dev/null)" "$cur" ;;
    set-mode/1) _vgpuctl_words 'gvt-g gvt-d gvt-s sriov auto' "$cur" ;;
    set-functions/0) _vgpuctl_words "$(vgpuctl __complete --timeout 1s "${target[@]}" gpus 2>/dev/null)" "$cur" ;;
    completion/0) _vgpuctl_words 'bash zsh fish' "$cur" ;;
    help/*) _vgpuctl_words 'host doctor gpus vgpus domains top watch events plan create start stop destroy create-vgpu snippet delete-vgpu reserve reservations renew release schedule adopt release-vgpu drain undrain set-mode set-functions reconcile operation version completion help' "$cur" ;;
  esac
}

complete -F _vgpuctl vgpuctl
