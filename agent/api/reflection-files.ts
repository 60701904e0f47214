// The contract's files as reflection hands them out: found by name or by what they declare, with what they import.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type DescriptorProto,
  type FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/** A file of the descriptor set. */
export interface ReflectedFile {
  /** `vgpud/v1/gpu.proto`. */
  readonly name: string;
  /** The names of the files that it imports itself. */
  readonly imports: readonly string[];
  /** A serialized google.protobuf.FileDescriptorProto. */
  readonly bytes: Buffer;
}

export class ReflectedFiles {
  readonly #byName = new Map<string, ReflectedFile>();
  readonly #bySymbol = new Map<string, ReflectedFile>();

  /**
   * `descriptorSet` is a serialized google.protobuf.FileDescriptorSet that holds every file that its files import.
   * @throws Error when the bytes are no such message
   */
  constructor(descriptorSet: Uint8Array) {
    for (const descriptor of fromBinary(FileDescriptorSetSchema, descriptorSet).file) {
      const file = {
        name: descriptor.name,
        imports: descriptor.dependency,
        bytes: Buffer.from(toBinary(FileDescriptorProtoSchema, descriptor)),
      };
      this.#byName.set(file.name, file);
      for (const symbol of symbolsOf(descriptor)) this.#bySymbol.set(symbol, file);
    }
  }

  /** Undefined when there is no file of this name. */
  named(name: string): ReflectedFile | undefined {
    return this.#byName.get(name);
  }

  /** By the full name of a service, method, message or enum. Undefined when no file declares it. */
  declaring(symbol: string): ReflectedFile | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** The file first, then each file that it imports, directly or not, once. */
  withImports(file: ReflectedFile): ReflectedFile[] {
    const found = new Set([file]);
    // A set that grows while it is walked yields what was added, too.
    for (const { imports } of found)
      for (const name of imports) {
        const imported = this.#byName.get(name);
        if (imported) found.add(imported);
      }
    return [...found];
  }
}

function symbolsOf(file: FileDescriptorProto): string[] {
  const inPackage = (name: string): string => (file.package === "" ? name : `${file.package}.${name}`);
  return [
    ...file.service.flatMap(({ name, method }) => [
      inPackage(name),
      ...method.map((each) => `${inPackage(name)}.${each.name}`),
    ]),
    ...file.enumType.map(({ name }) => inPackage(name)),
    ...file.messageType.flatMap((message) => symbolsWithin(message, inPackage(message.name))),
  ];
}

function symbolsWithin(message: DescriptorProto, fullName: string): string[] {
  return [
    fullName,
    ...message.enumType.map(({ name }) => `${fullName}.${name}`),
    ...message.nestedType.flatMap((nested) => symbolsWithin(nested, `${fullName}.${nested.name}`)),
  ];
}
