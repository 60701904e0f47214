// 本机前面的调度器。
import type { scheduler as english } from "../en/scheduler.ts";
import type { Same } from "../text.ts";

const beside = {
  "no-agent": "只有运行中的 vgpud 才知道",
  none: "配置中没有指定调度器",
  "not-compared": "账目尚未核对过",
};

export const scheduler: Same<typeof english> = {
  SCHEDULER_UNAVAILABLE: {
    title: "本机前面的调度器",
    messages: {
      "no-agent": beside["no-agent"],
      none: beside.none,
      "not-asked": "还没有询问过 {name}",
      told: "{name} 已知道本机有什么",
      "without-domains": "{name} 已知道本机有什么，并且在不知道有哪些域期间，本机不给出任何余量",
      closed: "{name} 已知道本机有什么，并且在问题解决之前，不从 {gpus} 给出任何余量",
      "only-asked": "{name} 有应答；按配置不向它告知本机的任何内容，它按自己所知道的给出",
      unreachable: "{name} 没有应答：{why}",
      "unreachable-with-jobs": "无法询问 {name}：{why}",
      unauthorized: "{name} 不接受 vgpud：{why}",
      "unauthorized-with-jobs": "{name} 不允许 vgpud 询问或告知它所需的内容：{why}",
      "no-secret": "vgpud 没有可以向 {name} 出示的密钥：{why}",
      version: "{name} 使用的版本不同：{why}",
      "bad-answer": "代替 {name} 应答的内容无法理解：{why}",
      "bad-answer-with-jobs": "{name} 的程序所说的内容无法理解：{why}",
      failed: "{name} 自身出错：{why}",
      conflict: "有人在 {name} 中不断更改 vgpud 要更改的内容：{why}",
      refused: "{name} 拒绝 vgpud 告诉它的内容：{why}",
      unserved: "{name} 目前的设置不能用于本机：{why}",
      "program-failed": "{name} 的一个程序失败，原因只有它自己的话：{why}",
      "no-root": "{name} 不认识本机：{why}",
      "root-taken": "{name} 中本机的位置属于另一台主机：{why}",
      "no-host": "不知道应以什么名称向 {name} 报告本机：{why}",
      "no-host-with-jobs": "不知道本机是 {name} 的哪个节点：{why}",
      internal: "vgpud 自身的错误使它无法告知 {name}：{why}",
    },
    remedies: {
      "not-asked":
        "请等待：vgpud 启动后，看到本机之后，会在 scheduler.first_within 之内询问它；libvirt 不应答时再晚十秒",
      unreachable:
        "检查服务器、网络、vgpud.service 的 IPAddressAllow=（docs/placement.md）和 scheduler.placement.endpoint；如果服务器只是慢，请加大 scheduler.placement.timeout。" +
        "vgpud 会自行重试",
      "unreachable-with-jobs":
        "程序不能运行时检查 scheduler.slurm.prefix；文件不能读取时检查 scheduler.slurm.conf，vgpud 必须能读取它；否则检查 slurmctld、munge、" +
        "slurmctld 在另一台机器上时 vgpud.service 的 IPAddressAllow=（docs/slurm.md），以及 scheduler.slurm.timeout。vgpud 会自行重试",
      unauthorized:
        "检查 scheduler.placement.keystone：应用凭据、它的密钥和角色；使用 noauth2 时服务器必须接受令牌 admin",
      "unauthorized-with-jobs":
        "把运行 vgpud 的用户设为 Slurm 的操作员，或将 scheduler.slurm.publish 设为 false（docs/slurm.md）",
      "no-secret":
        "检查 scheduler.placement.keystone.secret_file 所指的文件：它必须存在，vgpud 必须能读取它，它所在的磁盘必须应答。每次取令牌都会重新读取",
      version: "更新 Placement（Victoria 或更高版本），或更新 vgpud",
      "bad-answer": "用 curl 访问 scheduler.placement.endpoint 的地址：那里可能是代理的页面或别的服务",
      "bad-answer-with-jobs": "查看 scheduler.slurm.prefix 下是否为正在运行的 Slurm 的程序",
      failed: "查看 Placement 自己的日志和它的数据库；vgpud 会自行重试",
      conflict: "找出还有谁在写名为 HOST_vgpud_… 的资源提供者：它们只属于 vgpud",
      refused: "按它所说的办法处理；Placement 的策略规则或已被占用的名称由管理员更改，其余是 vgpud 的错误",
      unserved:
        "按它所说的办法处理；slurm.conf 和 gres.conf 应给该节点什么见 docs/slurm.md，该节点为何不接受作业见 slurmctld 的日志。vgpud 会自行重试",
      "program-failed":
        "看它说了什么，并查看 slurmctld 当时的日志；它所运行的命令可以用 vgpud 的用户手动运行，并在 SLURM_CONF 中给出 scheduler.slurm.conf。vgpud 会自行重试",
      "no-root":
        "在本机启动 nova-compute，将 scheduler.placement.host 设为它给本机的名称（改名之后用新名称），没有 Nova 时将 scheduler.placement.root 设为 own",
      "root-taken":
        "如果那个资源提供者属于 Nova，将 scheduler.placement.root 设为 nova；两台主机同名时，用 scheduler.placement.host 给其中一台另取名称；" +
        "如果是本机重新安装过，把新的标记给那个资源提供者：openstack --os-placement-api-version 1.6 trait create MARK，" +
        "然后 resource provider trait set --trait MARK UUID",
      "no-host": "设置 scheduler.placement.host",
      "no-host-with-jobs": "设置 scheduler.slurm.node",
      internal: "请连同 vgpud 的日志一起报告",
    },
  },
  SCHEDULER_UNTOLD: {
    title: "未能告知调度器的内容",
    messages: {
      "no-agent": beside["no-agent"],
      none: beside.none,
      "only-asked": "按配置不向 {name} 告知本机的任何内容",
      "not-told": "还没有告知调度器任何内容",
      all: "{name} 已知道它应知道的本机的全部内容",
      refused: "{name} 拒绝 vgpud 告诉它的一部分内容：{why}；其余都已告知",
      conflict: "有人在 {name} 中不断更改 vgpud 要更改的一部分内容：{why}；其余都已告知",
      failed: "{name} 在一部分内容上自身出错：{why}；其余都已告知",
      "bad-answer": "代替 {name} 应答的内容有一部分无法理解：{why}；其余都已告知",
      unrecorded: "vgpud 关于 {name} 需要记住的内容无法写入：{why}；其余照常",
      "in-vain": "按配置不向 {name} 告知本机的任何内容，它会给出无法创建的内容：{why}",
      "not-given-back":
        "vgpud 应向 {name} 归还由 vgpuctl 预订而没有域来使用的预订，但未能归还：{why}；内容都已告知",
    },
    remedies: {
      "in-vain":
        "在问题解决之前，请在那里手动 drain 本机（scontrol update nodename=NODE state=drain reason=TEXT），之后再结束该 drain（state=undrain）；" +
        "如果情况要一直如此，或本机的其他 GPU 仍可使用，也可以在没有作业占用时在那里减去所列的部分。scheduler.slurm.publish 为 true 时，这些都由 vgpud 自动进行。" +
        "vgpud 会在下一次比较时（scheduler.heal_every）看到您所做的。原因由所列的条件或这里的其他条件说明",
      refused:
        "看它说了什么；Placement 的策略规则或已被占用的名称由管理员更改，其余是 vgpud 的错误。此前告知的该 GPU 的内容仍然有效；vgpud 会自行重试",
      conflict: "找出还有谁在写名为 HOST_vgpud_… 的资源提供者：它们只属于 vgpud",
      failed: "查看 Placement 自己的日志和它的数据库；vgpud 会自行重试",
      "bad-answer": "用 curl 访问 scheduler.placement.endpoint 的地址：对某些请求应答的可能是代理的页面",
      unrecorded:
        "为 state_dir 所在的磁盘腾出空间，或修复它：vgpud 会自行重试。只有在此之前主机改名，才会无法再按旧名称在 Placement 中找到它的资源提供者；" +
        "只有在 Slurm 认为节点不合格时启动的 vgpud，才会不知道它以前的计数",
      "not-given-back":
        "看它说了什么：Placement 的策略规则（403）由管理员更改，自身的错误见它的日志。vgpud 会自行重试；也可以用有权限的身份对列出的每个使用者手动执行 " +
        "openstack resource provider allocation delete CONSUMER",
    },
  },
  BOOKING_WITHOUT_DOMAIN: {
    title: "没有域来使用的预订",
    messages: {
      ...beside,
      all: "{name} 在本机 GPU 上的每个预订都有对应的声明",
      waiting: "尚未创建的预订：{count} 个，都没有超过 {grace}",
      overdue:
        "在 scheduler.claim_grace（{grace}）之内没有域来使用的预订：{count} 个；最早的 {booking} 已占用 GPU {gpu} 的 {amounts} {age}",
      "overdue-own":
        "在 scheduler.claim_grace（{grace}）之内没有域来使用的预订：{count} 个；最早的 {booking} 由 vgpuctl 预订，已占用 GPU {gpu} 的 {amounts} {age}",
      "overdue-on-host":
        "在 scheduler.claim_grace（{grace}）之内没有域来使用的预订：{count} 个；最早的 {booking} 已占用本机的 {amounts} {age}",
    },
    remedies: {
      overdue:
        "询问预订者客户机是否还会来（使用 Nova 时：openstack server show {booking}）；否则释放它：openstack resource provider " +
        "allocation delete {booking}。vgpud 只自动归还 vgpuctl 所做的预订，在下一次核对账目时归还",
      "overdue-own":
        "查看它的客户机是否在别的主机上：vgpuctl schedule status {booking}；如果不在那里，也不会再来，就归还这个预订：vgpuctl schedule destroy {booking}。" +
        "只在本机上的预订由 vgpud 自动归还（不能归还时，SCHEDULER_UNTOLD 说明原因）",
      "overdue-on-host":
        "查看该作业在做什么（scontrol show job JOBID）；如果它的虚拟机不会来，就取消它（scancel JOBID）：vgpud 不结束任何作业",
    },
  },
  CLAIM_WITHOUT_BOOKING: {
    title: "没有预订的声明",
    messages: {
      ...beside,
      all: "本机的每个声明都在 {name} 中有预订",
      some: "{name} 中在本机 GPU 上没有预订的声明：{count} 个，如 {claim}，占用 GPU {gpu} 的 {amounts}；它们占用的部分在那里已保留，别人无法预订",
      "without-job":
        "{name} 在本机节点上没有带 vGPU 的作业与之对应的声明：{count} 个，如 {claim}，占用 GPU {gpu} 的 {amounts}",
      elsewhere:
        "{name} 中的预订在另一块 GPU 上的本机声明：{count} 个，如 {claim}，占用 GPU {gpu} 的 {amounts}，预订却在 GPU {booked} 上；这部分在两块 GPU 上别人都得不到",
    },
    remedies: {
      elsewhere:
        "销毁该域，释放它的预订（openstack resource provider allocation delete {claim}），重新预订，并在请求中写明所预订的 GPU；或者保留该域，" +
        "按 docs/placement.md（A booking on another GPU than its claim）把预订移到 GPU {gpu}",
      some:
        "需要的客户机不必处理。要让它入账，可用声明的标识预订；在此之前先看它是否预订在别的主机上：openstack resource provider allocation show {claim}，" +
        "或对 vgpuctl 所创建的用 vgpuctl schedule status {claim}（用原来的 vgpuctl schedule create 命令行加 --claim-id {claim} 即可重新预订）。除非客户机正要迁往那里（docs/nova.md），这样的预订只会妨碍别人：释放它。" +
        "不该存在的请销毁；scheduler.policy: require 不再允许新的出现",
      "without-job":
        "已结束的作业留下的请销毁。需要的客户机可以保留：scheduler.slurm.publish 为 true 时，一旦没有作业占用，就让 Slurm 少计这部分；为 false 时，" +
        "还会有作业为这部分派来，并被拒绝。scheduler.policy: require 不允许没有作业的声明",
    },
  },
  BOOKED_BEYOND_CAPACITY: {
    title: "超出 GPU 所有的预订",
    messages: {
      ...beside,
      "without-domains": "在不知道有哪些域期间，无法判断 {name} 中的预订是否超出所有",
      "none-beyond": "{name} 在任何 GPU 上的预订和保留都没有超出其所有",
      some: "在 {name} 中预订和保留超出其所有的 GPU：{count} 个，如 {gpu}，超出 {amounts}",
      "on-host":
        "{name} 中的预订超出本机所能提供的，超出 {amounts}，虽然每个作业都有虚拟机；占用其中一部分的作业：{count} 个，如 {jobs}",
      "on-host-refused":
        "{name} 中的预订超出本机所能提供的，超出 {amounts}；占用其中一部分而没有虚拟机的作业：{count} 个，如 {jobs}",
    },
    remedies: {
      some:
        "释放因没有余量而创建被拒的预订，或可以移到别处的客户机的预订。如果 Placement 的数据库是 MariaDB 或 MySQL，" +
        "请使用 READ-COMMITTED，或将 allocation_conflict_retry_count 设为 1：否则它会把同一余量给出两次",
      "on-host":
        "等待一个作业结束，或取消一个（scancel JOBID，即这里名称中的最后一个数字）。在其他 GPU 之外被 drain 或关闭的 GPU 只计作业在那里所有的：" +
        "如果原因在此，就让它重新给出（vgpuctl gpus）。scheduler.slurm.publish 为 true 时，vgpud 在此期间使该节点保持 drain；" +
        "为 false 时，在手动 drain 该节点之前还会有作业派到这里",
      "on-host-refused":
        "取消一个因没有余量而被拒的作业（scancel JOBID，即这里名称中的最后一个数字），或等待一个作业结束。在其他 GPU 之外被 drain 或关闭的 GPU 只计作业" +
        "在那里所有的：如果原因在此，就让它重新给出（vgpuctl gpus）。scheduler.slurm.publish 为 true 时，vgpud 在此期间使该节点保持 drain；为 false 时，在手动 drain 该节点之前还会有作业派到这里",
    },
  },
  BOOKED_GPU_VANISHED: {
    title: "已不存在的 GPU 上的预订",
    messages: {
      ...beside,
      all: "{name} 没有在本机已不再有的 GPU 上的预订",
      some: "本机已不再有、但仍有预订的 GPU 的资源提供者：{count} 个，如 {provider}（{bookings}）；那里不再给出任何余量",
    },
    remedies: {
      some: "把 GPU 放回来，或释放那里的预订（openstack resource provider show --allocations）；之后 vgpud 会删除该资源提供者",
    },
  },
  GPU_PUBLISHED_TWICE: {
    title: "Nova 也在给出的 GPU",
    messages: {
      ...beside,
      all: "nova-compute 在 {name} 中没有给出任何 vgpud 所给出的 GPU",
      some:
        "nova-compute 用来给出 vgpud 也在给出的 GPU 的资源提供者：{count} 个，如 {provider}，属于 GPU {gpu}；{name} 会把同一余量给出两次，" +
        "Nova 还会拿走 vgpud 所建的、尚无客户机使用的切片",
    },
    remedies: {
      some:
        "让 nova-compute 不碰该 GPU（docs/nova.md）：把它的类型从 [devices] enabled_mdev_types 中去掉，或把它的地址从 [pci] device_spec " +
        "中去掉，并重新启动 nova-compute；之后，等到没有服务器占用它时，如果该资源提供者仍在，就删除它：openstack resource provider " +
        "delete {uuid}。或者把该 GPU 留给 Nova：vgpuctl drain {gpu}",
    },
  },
  CONFIGURED_BEYOND_CAPACITY: {
    title: "调度器自己的配置文件给本机的数量",
    messages: {
      ...beside,
      "no-files": "{name} 没有给出本机数量的自己的配置文件",
      all: "{name} 自己的配置文件给本机的数量不超出本机能给作业的数量",
      some: "{name} 自己的配置文件给本机的数量超出作业所能得到的，多出 {amounts}",
      "given-out":
        "{name} 自己的配置文件给本机的数量超出作业所能得到的，多出 {amounts}，而按配置不告知它更少的数量：它会为这部分把作业派到本机",
    },
    remedies: {
      some:
        "在 slurm.conf 和 gres.conf 中相应减少该节点的数量（docs/slurm.md），并在 Slurm 已按该数量计数（scontrol show node）或该节点没有作业运行时运行 " +
        "scontrol reconfigure。只要配置文件中仍然多出，每次在有作业运行时 reconfigure 都会使该节点停止服务",
      "given-out":
        "在 slurm.conf 和 gres.conf 中相应减少该节点的数量（docs/slurm.md），并在那里没有作业占用它时运行 scontrol reconfigure：有作业占用时，这会使该节点" +
        "停止服务。在此之前，为这部分派来的作业会因没有余量而被拒",
    },
  },
};
