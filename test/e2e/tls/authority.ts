// A certificate authority in a folder, by openssl as docs/tls.md has it.
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const key = (file: string): string[] => [
  "-algorithm",
  "EC",
  "-pkeyopt",
  "ec_paramgen_curve:P-256",
  "-out",
  file,
];
const DAY_MS = 86_400_000;

/** A certificate and its key, as files. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface Wish {
  /** As openssl writes them: `URI:spiffe://a/b,DNS:c`; without, it has none. */
  readonly names?: string;
  /** The extended key usage; without, the certificate is for anything. */
  readonly usage?: string;
  /** Days from now on; negative for one that has ended. */
  readonly days?: number;
  /** Whether it may sign others. */
  readonly ca?: true;
}

export class Authority {
  readonly folder: string;
  readonly certificate: string;
  readonly key: string;
  #made = 0;
  /** openssl's own database takes one change at a time. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, { certificate, key: keyFile }: Pair) {
    this.folder = folder;
    this.certificate = certificate;
    this.key = keyFile;
  }

  /** One that signed its own certificate. */
  static async root(folder: string, name: string): Promise<Authority> {
    await mkdir(folder, { recursive: true });
    const pair = { certificate: path.join(folder, "ca.pem"), key: path.join(folder, "ca.key") };
    await run("openssl", ["genpkey", ...key(pair.key)]);
    const self = ["req", "-x509", "-key", pair.key, "-subj", `/CN=${name}`, "-days", "30"];
    await run("openssl", [...self, "-out", pair.certificate]);
    return Authority.#over(folder, pair);
  }

  /** One whose certificate another one signs, good for so many days. */
  async intermediate(folder: string, name: string, days = 30): Promise<Authority> {
    await mkdir(folder, { recursive: true });
    return Authority.#over(folder, await this.sign(name, { ca: true, days }));
  }

  static async #over(folder: string, pair: Pair): Promise<Authority> {
    const authority = new Authority(folder, pair);
    await writeFile(authority.#at("index.txt"), "");
    await writeFile(authority.#at("crlnumber"), "01\n");
    await writeFile(authority.#at("ca.cnf"), configurationOf(folder, pair));
    return authority;
  }

  /** `name` is its common name. */
  async sign(name: string, { names, usage, days = 30, ca }: Wish = {}): Promise<Pair> {
    this.#made += 1;
    const base = this.#at(`${name}-${this.#made}`);
    const pair = { certificate: `${base}.pem`, key: `${base}.key` };
    const extensions = [
      ...(names === undefined ? [] : [`subjectAltName=${names}`]),
      ...(usage === undefined ? [] : [`extendedKeyUsage=${usage}`]),
      ...(ca ? ["basicConstraints=critical,CA:TRUE"] : []),
    ];
    await run("openssl", ["genpkey", ...key(pair.key)]);
    await run("openssl", [
      ...["req", "-new", "-key", pair.key, "-subj", `/CN=${name}`, "-out", `${base}.csr`],
      ...extensions.flatMap((extension) => ["-addext", extension]),
    ]);
    const end = Date.now() + days * DAY_MS;
    await this.#ca(
      ...["-batch", "-notext", "-in", `${base}.csr`, "-out", pair.certificate],
      ...["-startdate", openSslTime(Math.min(Date.now(), end) - DAY_MS), "-enddate", openSslTime(end)],
    );
    return pair;
  }

  async revoke({ certificate }: Pair): Promise<void> {
    await this.#ca("-revoke", certificate);
  }

  /** Its list as it is now, good for so many seconds. */
  async list(seconds = 3_600): Promise<string> {
    const file = this.#at("list.crl");
    await this.#ca("-gencrl", "-crlsec", String(seconds), "-out", file);
    return await readFile(file, "utf8");
  }

  async #ca(...words: readonly string[]): Promise<void> {
    const turn = this.#last.then(() => run("openssl", ["ca", "-config", this.#at("ca.cnf"), ...words]));
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  #at(name: string): string {
    return path.join(this.folder, name);
  }
}

function openSslTime(at: number): string {
  return new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
}

function configurationOf(folder: string, { certificate, key: keyFile }: Pair): string {
  return `[ca]
default_ca = here
[here]
database = ${path.join(folder, "index.txt")}
crlnumber = ${path.join(folder, "crlnumber")}
new_certs_dir = ${folder}
certificate = ${certificate}
private_key = ${keyFile}
rand_serial = yes
unique_subject = no
default_md = sha256
copy_extensions = copy
policy = any
[any]
commonName = supplied
`;
}
