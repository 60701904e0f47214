// What the daemons of OpenStack read in a cloud that is one folder of this machine: no Keystone, everything on loopback. Pure.

export interface CloudLayout {
  readonly folder: string;
  /** Of Placement. */
  readonly placement: string;
  /** Of RabbitMQ, as oslo.messaging writes it. */
  readonly messages: string;
  /** SQLAlchemy's, by database. */
  readonly databases: Readonly<Record<"nova_api" | "nova" | "glance" | "neutron", string>>;
  /** Of Nova's API, Glance and Neutron. */
  readonly ports: Readonly<Record<"nova" | "glance" | "neutron", number>>;
}

/** Between two looks of nova-compute at its host, in place of a minute; more often than that it is not done. */
const AUDIT_SECONDS = 5;

/** Sections of settings; a setting without a value is left out. */
type Sections = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/** As oslo.config and paste.deploy read it. */
function ini(sections: Sections): string {
  return Object.entries(sections)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
      return `[${name}]\n${lines.join("\n")}\n`;
    })
    .join("\n");
}

/** Of every part of Nova; each nova-compute reads `computeFile` after it. */
export function novaFile({ folder, placement, messages, databases, ports }: CloudLayout): string {
  const without = (endpoint: string) => ({
    auth_type: "admin_token",
    token: "admin",
    endpoint,
    endpoint_override: endpoint,
  });
  return ini({
    DEFAULT: {
      transport_url: messages,
      // Guests that are nothing but a record in memory, and as much of everything as any flavor asks for.
      compute_driver: "fake.MediumFakeDriver",
      my_ip: "127.0.0.1",
      state_path: `${folder}/state`,
      enabled_apis: "osapi_compute",
      osapi_compute_listen: "127.0.0.1",
      osapi_compute_listen_port: ports.nova,
      // In the process itself: what has no children leaves none behind.
      osapi_compute_workers: 1,
      update_resources_interval: AUDIT_SECONDS,
    },
    wsgi: { api_paste_config: `${folder}/nova-paste.ini` },
    api: { auth_strategy: "keystone" },
    database: { connection: databases.nova },
    api_database: { connection: databases.nova_api },
    placement: without(placement),
    glance: { api_servers: `http://127.0.0.1:${ports.glance}` },
    neutron: without(`http://127.0.0.1:${ports.neutron}`),
    // nova-compute reads what it knows of its providers anew at every look, in place of every five minutes.
    compute: { resource_provider_association_refresh: 1 },
    scheduler: { workers: 1, discover_hosts_in_cells_interval: 5 },
    conductor: { workers: 1 },
    quota: { instances: -1, cores: -1, ram: -1 },
    oslo_concurrency: { lock_path: `${folder}/locks` },
    vnc: { enabled: false },
  });
}

/** Of one nova-compute. */
export function computeFile(folder: string, host: string): string {
  return ini({ DEFAULT: { host, state_path: `${folder}/state/${host}` } });
}

/** Whoever asks says who it is (`X-User-Id`, `X-Roles`), and is believed. */
export const NOVA_PASTE = ini({
  "composite:osapi_compute": {
    use: "call:nova.api.openstack.urlmap:urlmap_factory",
    "/v2.1": "compute",
  },
  "pipeline:compute": { pipeline: "request_id faults context app" },
  "filter:request_id": { "paste.filter_factory": "nova.api.compute_req_id:ComputeReqIdMiddleware.factory" },
  "filter:faults": { "paste.filter_factory": "nova.api.openstack:FaultWrapper.factory" },
  "filter:context": { "paste.filter_factory": "nova.api.auth:NovaKeystoneContext.factory" },
  "app:app": { "paste.app_factory": "nova.api.openstack.compute:APIRouterV21.factory" },
});

export function glanceFile({ folder, databases, ports }: CloudLayout): string {
  return ini({
    DEFAULT: { bind_host: "127.0.0.1", bind_port: ports.glance, workers: 0 },
    database: { connection: databases.glance },
    paste_deploy: { config_file: `${folder}/glance-paste.ini` },
    glance_store: {
      stores: "file",
      default_store: "file",
      filesystem_store_datadir: `${folder}/images`,
    },
    oslo_concurrency: { lock_path: `${folder}/locks` },
  });
}

/** Whoever asks may do everything. */
export const GLANCE_PASTE = ini({
  "pipeline:glance-api": { pipeline: "versions context root" },
  "composite:root": { "paste.composite_factory": "glance.api:root_app_factory", "/v2": "app" },
  "app:app": { "paste.app_factory": "glance.api.v2.router:API.factory" },
  "filter:versions": {
    "paste.filter_factory": "glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory",
  },
  "filter:context": {
    "paste.filter_factory": "glance.api.middleware.context:UnauthenticatedContextMiddleware.factory",
  },
});

/** Nova asks it for the ports of a server, be it that this one has none. */
export function neutronFile({ folder, messages, databases, ports }: CloudLayout): string {
  return ini({
    DEFAULT: {
      bind_host: "127.0.0.1",
      bind_port: ports.neutron,
      api_workers: 1,
      rpc_workers: 0,
      auth_strategy: "noauth",
      core_plugin: "ml2",
      service_plugins: "router,port_forwarding",
      transport_url: messages,
      api_paste_config: `${folder}/neutron-paste.ini`,
      notify_nova_on_port_status_changes: false,
      notify_nova_on_port_data_changes: false,
      state_path: `${folder}/state`,
    },
    database: { connection: databases.neutron },
    oslo_concurrency: { lock_path: `${folder}/locks` },
    ml2: { type_drivers: "local", tenant_network_types: "local", mechanism_drivers: "" },
  });
}

/** Whoever asks may do everything. */
export const NEUTRON_PASTE = ini({
  "composite:neutron": { use: "egg:Paste#urlmap", "/": "versions", "/v2.0": "api" },
  "pipeline:api": { pipeline: "request_id faults extensions app" },
  "filter:request_id": { "paste.filter_factory": "oslo_middleware:RequestId.factory" },
  "filter:faults": { "paste.filter_factory": "oslo_middleware:CatchErrors.factory" },
  "filter:extensions": {
    "paste.filter_factory": "neutron.api.extensions:plugin_aware_extension_middleware_factory",
  },
  "app:app": { "paste.app_factory": "neutron.api.v2.router:APIRouter.factory" },
  "app:versions": { "paste.app_factory": "neutron.pecan_wsgi.app:versions_factory" },
});
