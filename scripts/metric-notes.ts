// What an operator wants to know of each series beyond its help text. A test runs the queries against a real Prometheus.

export interface MetricNote {
  /** When the series is not there. */
  readonly absent: string;
  /** Something worth asking it. */
  readonly query: string;
}

const note = (query: string, absent = "never"): MetricNote => ({ absent, query });
const noGpu = "without a GPU that offers vGPUs";
const noSensor = "the GPU has no driver i915 or xe, sleeps, or its driver does not tell";
const noRenderer =
  "in modes other than gvt-s, for what the driver does not count, and while hostd does not answer";
const noTicks =
  "the vGPU is no virtual function of xe, or its driver does not count, or perf is missing or refused (SRIOV_USE_UNCOUNTED), and while hostd does not answer";
const noFigure = "the domain is off, or its driver does not count it, or figures are older than 60 s";
const noDisk = `no such disk; ${noFigure}`;
const noNic = `no such interface with a name on the host; ${noFigure}`;
const joined = " * on (instance, domain_uuid) group_left (domain_name) vgpud_domain_info";

const noScheduler = "without a scheduler (scheduler.adapter)";
const notCompared = `${noScheduler}, and before its books were first compared`;

export const metricNotes: Readonly<Record<string, MetricNote>> = {
  vgpud_build_info: note("count by (version) (vgpud_build_info)"),
  vgpud_hypervisor_up: note("vgpud_hypervisor_up == 1"),
  vgpud_config_last_reload_successful: note("vgpud_config_last_reload_successful == 1"),
  vgpud_config_last_reload_success_timestamp_seconds: note(
    "time() - vgpud_config_last_reload_success_timestamp_seconds",
  ),
  vgpud_tls_connections_total: note("sum by (instance, outcome) (rate(vgpud_tls_connections_total[5m]))"),
  vgpud_tls_last_reload_successful: note("vgpud_tls_last_reload_successful == 1"),
  vgpud_tls_ends_soon_timestamp_seconds: note(
    "vgpud_tls_ends_soon_timestamp_seconds < time()",
    "without a TLS listener, and of revocation lists without a next update",
  ),
  vgpud_tls_expiry_timestamp_seconds: note(
    "min by (instance) (vgpud_tls_expiry_timestamp_seconds) - time()",
    "without a TLS listener, and of revocation lists without a next update",
  ),
  vgpud_tls_end_timestamp_seconds: note(
    "min by (instance) (vgpud_tls_end_timestamp_seconds) - time()",
    "without a TLS listener, and of revocation lists of which one has no next update",
  ),
  vgpud_inventory_revision: note("vgpud_inventory_revision"),
  vgpud_inventory_observed_timestamp_seconds: note(
    "time() - vgpud_inventory_observed_timestamp_seconds",
    "before the first look",
  ),
  vgpud_inventory_age_seconds: note(
    "max by (instance) (vgpud_inventory_age_seconds)",
    "before the first look",
  ),

  vgpud_inventory_unread_files: note(
    "sum by (instance) (vgpud_inventory_unread_files)",
    "before the first look",
  ),

  vgpud_gpu_info: note("count by (mode, backend, model) (vgpud_gpu_info)", "without an Intel GPU"),
  vgpud_gpu_vgpu_supported: note("vgpud_gpu_vgpu_supported == 1", "without an Intel GPU"),
  vgpud_host_drained: note("sum(vgpud_host_drained)"),
  vgpud_gpu_drained: note("sum by (instance) (vgpud_gpu_drained)", "without an Intel GPU"),
  vgpud_gpu_vgpus: note("sum by (ownership) (vgpud_gpu_vgpus)", "without an Intel GPU"),
  vgpud_gpu_resource_capacity_bytes: note("sum by (resource) (vgpud_gpu_resource_capacity_bytes)", noGpu),
  vgpud_gpu_resource_host_reserved_bytes: note("vgpud_gpu_resource_host_reserved_bytes", noGpu),
  vgpud_gpu_resource_allocated_bytes: note(
    "vgpud_gpu_resource_allocated_bytes / (vgpud_gpu_resource_capacity_bytes - vgpud_gpu_resource_host_reserved_bytes)",
    noGpu,
  ),
  vgpud_gpu_resource_free_bytes: note("sum by (resource) (vgpud_gpu_resource_free_bytes)", noGpu),
  vgpud_gpu_fences: note('sum by (instance, pci_address) (vgpud_gpu_fences{state="free"})', noGpu),
  vgpud_gpu_resource_used_bytes: note("sum by (holder, resource) (vgpud_gpu_resource_used_bytes)", noGpu),
  vgpud_gpu_used_fences: note("sum by (holder) (vgpud_gpu_used_fences)", noGpu),
  vgpud_gpu_used_instances: note(
    "sum by (instance, pci_address) (vgpud_gpu_used_instances) / on (instance, pci_address) vgpud_gpu_max_instances",
    noGpu,
  ),
  vgpud_gpu_max_instances: note("sum(vgpud_gpu_max_instances)", noGpu),
  vgpud_gpu_resource_largest_free_block_bytes: note(
    "1 - vgpud_gpu_resource_largest_free_block_bytes / (vgpud_gpu_resource_free_bytes > 0)",
    "while it is not known where the vGPUs lie: some are older than this run of vgpud",
  ),
  vgpud_gpu_virtual_functions: note(
    "sum by (state) (vgpud_gpu_virtual_functions)",
    "on a GPU without SR-IOV; all states but off while libvirt does not answer",
  ),
  vgpud_gpu_virtual_functions_free: note(
    "sum(vgpud_gpu_virtual_functions_free)",
    "on a GPU without SR-IOV, and while it is not known",
  ),
  vgpud_gpu_contexts: note('vgpud_gpu_contexts{state="free"}', "where the driver does not tell: xe does not"),
  vgpud_gpu_doorbells: note(
    'vgpud_gpu_doorbells{state="free"}',
    "where the driver does not tell: xe does not",
  ),
  vgpud_gpu_whole_free: note("sum(vgpud_gpu_whole_free)", "while it is not known whether somebody has it"),
  vgpud_gpu_seats: note(
    "sum by (instance, pci_address) (vgpud_gpu_seats)",
    "on a GPU without a render node, and under Xen; those of others while libvirt does not answer",
  ),
  vgpud_gpu_seats_max: note(
    "sum by (instance, pci_address) (vgpud_gpu_seats) / on (instance, pci_address) vgpud_gpu_seats_max",
    "while the GPU is not in mode gvt-s",
  ),

  vgpud_gpu_check_status: note('vgpud_gpu_check_status{status="fail"} == 1', "before the first diagnosis"),
  vgpud_host_check_status: note('vgpud_host_check_status{status="fail"} == 1', "before the first diagnosis"),
  vgpud_gpu_mode_available: note(
    "count by (mode) (vgpud_gpu_mode_available == 1)",
    "before the first diagnosis",
  ),
  vgpud_diagnosis_timestamp_seconds: note(
    "time() - vgpud_diagnosis_timestamp_seconds",
    "before the first diagnosis",
  ),
  vgpud_gpu_suspended: note("sum by (instance) (vgpud_gpu_suspended)", noSensor),
  vgpud_gpu_frequency_hertz: note(
    'vgpud_gpu_frequency_hertz{kind="actual"} / on (instance, pci_address, domain) vgpud_gpu_frequency_hertz{kind="max"}',
    noSensor,
  ),
  vgpud_gpu_rc6_residency_seconds_total: note(
    "1 - rate(vgpud_gpu_rc6_residency_seconds_total[5m])",
    noSensor,
  ),
  vgpud_gpu_throttled: note("avg_over_time(vgpud_gpu_throttled[1h])", `i915 before Linux 5.18; ${noSensor}`),
  vgpud_gpu_throttle_reason: note(
    "sum by (instance, pci_address, reason) (vgpud_gpu_throttle_reason)",
    `i915 before Linux 5.18; ${noSensor}`,
  ),
  vgpud_gpu_energy_joules_total: note(
    "rate(vgpud_gpu_energy_joules_total[5m])",
    `the driver has no hwmon for it, as for most integrated GPUs; ${noSensor}`,
  ),
  vgpud_gpu_temperature_celsius: note(
    "max by (instance, pci_address) (vgpud_gpu_temperature_celsius)",
    `the driver has no hwmon for it, as for most integrated GPUs; ${noSensor}`,
  ),

  vgpud_vgpu_type_slots: note("sum by (vgpu_type, state) (vgpud_vgpu_type_slots)", noGpu),
  vgpud_vgpu_type_allocatable: note("sum by (vgpu_type) (vgpud_vgpu_type_allocatable)", noGpu),
  vgpud_vgpu_type_kernel_available: note("vgpud_vgpu_type_kernel_available", noGpu),
  vgpud_capacity_disagreements: note(
    "sum by (instance) (vgpud_capacity_disagreements)",
    "where the kernel counts none of the type: on XenGT since 2017, and while the count cannot be read",
  ),
  vgpud_vgpu_type_fragmented: note(
    "max by (instance, pci_address) (vgpud_vgpu_type_fragmented)",
    "where it is not known how the slices lie, unless the kernel has refused one",
  ),
  vgpud_vgpu_info: note("count by (vgpu_type, ownership) (vgpud_vgpu_info)", "without a vGPU"),
  vgpud_vgpu_state: note("sum by (state) (vgpud_vgpu_state)", "for others' vGPUs"),
  vgpud_vgpu_in_use: note("sum by (instance) (vgpud_vgpu_in_use)", "while libvirt does not answer"),
  vgpud_vgpu_created_timestamp_seconds: note(
    "max(time() - vgpud_vgpu_created_timestamp_seconds)",
    "for others' vGPUs",
  ),
  vgpud_vgpu_orphans: note("sum(vgpud_vgpu_orphans)"),
  vgpud_vgpu_foreign: note("sum(vgpud_vgpu_foreign)"),

  vgpud_domain_info: note("count by (ownership, state) (vgpud_domain_info)", "beyond the maximum of domains"),
  vgpud_domain_vcpus: note(
    "rate(vgpud_domain_cpu_seconds_total[1m]) / vgpud_domain_vcpus",
    "while libvirt does not answer",
  ),
  vgpud_domains_dropped: note("vgpud_domains_dropped"),
  vgpud_domain_stats_age_seconds: note("vgpud_domain_stats_age_seconds", "before libvirt first gave figures"),
  vgpud_domain_cpu_seconds_total: note(
    `topk(10, rate(vgpud_domain_cpu_seconds_total[1m])${joined})`,
    noFigure,
  ),
  vgpud_domain_memory_maximum_bytes: note("sum(vgpud_domain_memory_maximum_bytes)", noFigure),
  vgpud_domain_memory_current_bytes: note(
    "sum by (instance) (vgpud_domain_memory_current_bytes and on (instance, domain_uuid) vgpud_vgpu_info)",
    noFigure,
  ),
  vgpud_domain_memory_resident_bytes: note("topk(10, vgpud_domain_memory_resident_bytes)", noFigure),
  vgpud_vgpu_utilization_ratio: note(
    "topk(10, vgpud_vgpu_utilization_ratio * on (instance, vgpu_id) group_left (domain_name) vgpud_vgpu_info)",
    "the vGPU is not of a XenGT of 2016, or hostd does not answer",
  ),
  vgpud_vgpu_engine_active_ticks_total: note(
    `sum by (instance, vgpu_id, engine) (rate(vgpud_vgpu_engine_active_ticks_total[1m])) / sum by (instance, vgpu_id, engine) (rate(vgpud_vgpu_engine_given_ticks_total[1m]))`,
    noTicks,
  ),
  vgpud_vgpu_engine_given_ticks_total: note(
    `sum by (instance, vgpu_id) (rate(vgpud_vgpu_engine_given_ticks_total{engine="render"}[1m]))`,
    noTicks,
  ),
  vgpud_domain_gpu_engine_seconds_total: note(
    `topk(10, rate(vgpud_domain_gpu_engine_seconds_total{engine="render"}[1m])${joined})`,
    noRenderer,
  ),
  vgpud_domain_gpu_memory_resident_bytes: note(
    "sum by (instance, pci_address, region) (vgpud_domain_gpu_memory_resident_bytes)",
    noRenderer,
  ),
  vgpud_domain_block_read_bytes_total: note(`rate(vgpud_domain_block_read_bytes_total[1m])${joined}`, noDisk),
  vgpud_domain_block_read_requests_total: note("rate(vgpud_domain_block_read_requests_total[1m])", noDisk),
  vgpud_domain_block_write_bytes_total: note(
    "sum by (instance) (rate(vgpud_domain_block_write_bytes_total[1m]))",
    noDisk,
  ),
  vgpud_domain_block_write_requests_total: note("rate(vgpud_domain_block_write_requests_total[1m])", noDisk),
  vgpud_domain_network_receive_bytes_total: note(
    "sum by (domain_uuid) (rate(vgpud_domain_network_receive_bytes_total[1m])) * 8",
    noNic,
  ),
  vgpud_domain_network_receive_packets_total: note(
    "rate(vgpud_domain_network_receive_packets_total[1m])",
    noNic,
  ),
  vgpud_domain_network_receive_errors_total: note(
    "increase(vgpud_domain_network_receive_errors_total[1m])",
    noNic,
  ),
  vgpud_domain_network_receive_drops_total: note(
    "increase(vgpud_domain_network_receive_drops_total[1m])",
    noNic,
  ),
  vgpud_domain_network_transmit_bytes_total: note(
    "sum by (instance) (rate(vgpud_domain_network_transmit_bytes_total[1m])) * 8",
    noNic,
  ),
  vgpud_domain_network_transmit_packets_total: note(
    "rate(vgpud_domain_network_transmit_packets_total[1m])",
    noNic,
  ),
  vgpud_domain_network_transmit_errors_total: note(
    "increase(vgpud_domain_network_transmit_errors_total[1m])",
    noNic,
  ),
  vgpud_domain_network_transmit_drops_total: note(
    "increase(vgpud_domain_network_transmit_drops_total[1m])",
    noNic,
  ),

  vgpud_claims: note("sum by (state) (vgpud_claims)"),
  vgpud_operations_in_flight: note("sum by (operation) (vgpud_operations_in_flight)"),
  vgpud_operations_stalled: note("sum by (reason) (vgpud_operations_stalled)"),
  vgpud_operations_total: note("sum by (operation) (increase(vgpud_operations_total[1m]))"),
  vgpud_operation_failures_total: note("sum by (reason) (increase(vgpud_operation_failures_total[1m]))"),
  vgpud_operation_duration_seconds: note(
    "histogram_quantile(0.99, sum by (operation, le) (rate(vgpud_operation_duration_seconds_bucket[1m])))",
  ),
  vgpud_lifecycle_step_duration_seconds: note(
    "sum by (step) (increase(vgpud_lifecycle_step_duration_seconds_count[1m]))",
  ),
  vgpud_lifecycle_step_failures_total: note(
    "sum by (reason) (increase(vgpud_lifecycle_step_failures_total[1m]))",
  ),
  vgpud_reservations: note("sum by (state) (vgpud_reservations)"),
  vgpud_reservation_expirations_total: note("increase(vgpud_reservation_expirations_total[1h])"),
  vgpud_claims_rebuilt_total: note("increase(vgpud_claims_rebuilt_total[1m])"),
  vgpud_rpc_handled_total: note('sum by (code) (rate(vgpud_rpc_handled_total{code!="OK"}[1m]))'),
  vgpud_rpc_duration_seconds: note(
    "histogram_quantile(0.99, sum by (method, le) (rate(vgpud_rpc_duration_seconds_bucket[1m])))",
  ),
  vgpud_watches: note("sum by (instance) (vgpud_watches)"),
  vgpud_reconcile_runs_total: note("rate(vgpud_reconcile_runs_total[1m])"),
  vgpud_reconcile_failures_total: note("increase(vgpud_reconcile_failures_total[1m])"),
  vgpud_reconcile_last_success_timestamp_seconds: note(
    "time() - vgpud_reconcile_last_success_timestamp_seconds",
  ),
  vgpud_ledger_writes_total: note("rate(vgpud_ledger_writes_total[1m])"),
  vgpud_ledger_write_failures_total: note("increase(vgpud_ledger_write_failures_total[1m])"),
  vgpud_ledger_write_duration_seconds: note(
    "histogram_quantile(0.99, rate(vgpud_ledger_write_duration_seconds_bucket[1m]))",
  ),
  vgpud_ledger_writable: note("min(vgpud_ledger_writable)"),
  vgpud_ledger_records_set_aside: note("sum(vgpud_ledger_records_set_aside)"),
  vgpud_hostd_calls_total: note("sum by (outcome) (increase(vgpud_hostd_calls_total[1m]))"),
  vgpud_hostd_call_duration_seconds: note(
    "histogram_quantile(0.99, sum by (operation, le) (rate(vgpud_hostd_call_duration_seconds_bucket[1m])))",
  ),
  vgpud_domain_stats_reading_duration_seconds: note(
    "histogram_quantile(0.99, rate(vgpud_domain_stats_reading_duration_seconds_bucket[1m]))",
  ),
  vgpud_domain_stats_reading_failures_total: note("increase(vgpud_domain_stats_reading_failures_total[1m])"),
  vgpud_uevents_total: note("sum by (subsystem, action) (increase(vgpud_uevents_total[1m]))"),
  vgpud_triggers_total: note("sum by (source) (rate(vgpud_triggers_total[1m]))"),
  vgpud_scrape_collector_success: note("min by (collector) (vgpud_scrape_collector_success)"),
  vgpud_scrape_collector_duration_seconds: note(
    "max by (collector) (vgpud_scrape_collector_duration_seconds)",
  ),

  vgpud_scheduler_info: note("count by (scheduler, policy) (vgpud_scheduler_info)", noScheduler),
  vgpud_scheduler_up: note("vgpud_scheduler_up == 0", `${noScheduler}, and before the first round`),
  vgpud_scheduler_untold: note("vgpud_scheduler_untold > 0", `${noScheduler}, and before the first round`),
  vgpud_scheduler_last_success_timestamp_seconds: note(
    "time() - vgpud_scheduler_last_success_timestamp_seconds",
    `${noScheduler}, and before the first round`,
  ),
  vgpud_scheduler_bookings_without_domain: note(
    "sum by (instance) (vgpud_scheduler_bookings_without_domain)",
    notCompared,
  ),
  vgpud_scheduler_bookings_without_domain_oldest_age_seconds: note(
    "max by (instance) (vgpud_scheduler_bookings_without_domain_oldest_age_seconds)",
    notCompared,
  ),
  vgpud_scheduler_claims_without_booking: note(
    "sum by (instance) (vgpud_scheduler_claims_without_booking)",
    notCompared,
  ),
  vgpud_scheduler_claims_booked_elsewhere: note("vgpud_scheduler_claims_booked_elsewhere > 0", notCompared),
  vgpud_scheduler_gpu_overbooked: note(
    "vgpud_scheduler_gpu_overbooked == 1",
    `${notCompared}; with Slurm while it is not known which domains there are`,
  ),
  vgpud_scheduler_vanished_gpus: note("sum(vgpud_scheduler_vanished_gpus)", notCompared),
  vgpud_scheduler_gpu_published_twice: note("vgpud_scheduler_gpu_published_twice == 1", notCompared),
  vgpud_scheduler_rounds_total: note(
    "sum by (round, outcome) (rate(vgpud_scheduler_rounds_total[1h]))",
    noScheduler,
  ),
  vgpud_scheduler_round_failures_total: note(
    "sum by (failure) (increase(vgpud_scheduler_round_failures_total[1h]))",
    noScheduler,
  ),
  vgpud_scheduler_requests_total: note(
    "sum by (method, status) (increase(vgpud_scheduler_requests_total[1h]))",
    noScheduler,
  ),
  vgpud_scheduler_request_duration_seconds: note(
    "histogram_quantile(0.9, sum by (le, method) (rate(vgpud_scheduler_request_duration_seconds_bucket[1h])))",
    noScheduler,
  ),
  vgpud_scheduler_verifications_total: note(
    "sum by (outcome) (increase(vgpud_scheduler_verifications_total[1d]))",
    noScheduler,
  ),
  vgpud_scheduler_bookings_given_back_total: note("increase(vgpud_scheduler_bookings_given_back_total[1d])"),
};
