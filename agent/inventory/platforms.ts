// What a PCI device id says of a GPU: which platform's graphics it is. The ids are the kernel's (include/drm/intel/pciids.h), of
// the platforms that hosts have from Sandy Bridge on. Pure.
import type { PlatformName } from "../core/platform-names.ts";

export interface Platform {
  /** As Intel calls it: `Coffee Lake`. */
  readonly name: PlatformName;
  /** Of the graphics: `gen9`, `xe-lp`. */
  readonly generation: string;
}

interface Row extends Platform {
  /** Four lower-case hex digits each. */
  readonly ids: string;
}

/** Oldest first. */
const rows: readonly Row[] = [
  { name: "Sandy Bridge", generation: "gen6", ids: "0102 0106 010a 0112 0116 0122 0126" },
  { name: "Ivy Bridge", generation: "gen7", ids: "0152 0156 015a 0162 0166 016a" },
  {
    name: "Haswell",
    generation: "gen7.5",
    ids:
      "0402 0406 040a 040b 040e 0412 0416 041a 041b 041e 0422 0426 042a 042b 042e 0a02 0a06 0a0a 0a0b 0a0e 0a12 0a16 0a1a " +
      "0a1b 0a1e 0a22 0a26 0a2a 0a2b 0a2e 0c02 0c06 0c0a 0c0b 0c0e 0c12 0c16 0c1a 0c1b 0c1e 0c22 0c26 0c2a 0c2b 0c2e 0d02 " +
      "0d06 0d0a 0d0b 0d0e 0d12 0d16 0d1a 0d1b 0d1e 0d22 0d26 0d2a 0d2b 0d2e",
  },
  { name: "Bay Trail", generation: "gen7", ids: "0f30 0f31 0f32 0f33" },
  {
    name: "Broadwell",
    generation: "gen8",
    ids:
      "1602 1606 160a 160b 160d 160e 1612 1616 161a 161b 161d 161e 1622 1626 162a 162b 162d 162e 1632 1636 163a 163b 163d " +
      "163e",
  },
  { name: "Cherry Trail", generation: "gen8", ids: "22b0 22b1 22b2 22b3" },
  {
    name: "Skylake",
    generation: "gen9",
    ids:
      "1902 1906 190a 190b 190e 1912 1913 1915 1916 1917 191a 191b 191d 191e 1921 1923 1926 1927 192a 192b 192d 1932 193a " +
      "193b 193d",
  },
  { name: "Apollo Lake", generation: "gen9", ids: "0a84 1a84 1a85 5a84 5a85" },
  { name: "Gemini Lake", generation: "gen9", ids: "3184 3185" },
  {
    name: "Kaby Lake",
    generation: "gen9",
    ids: "5902 5906 5908 590a 590b 590e 5912 5913 5915 5916 5917 591a 591b 591d 591e 5921 5923 5926 5927 593b",
  },
  { name: "Amber Lake", generation: "gen9", ids: "591c 87c0 87ca" },
  {
    name: "Coffee Lake",
    generation: "gen9",
    ids: "3e90 3e91 3e92 3e93 3e94 3e96 3e98 3e99 3e9a 3e9b 3e9c 3ea5 3ea6 3ea7 3ea8 3ea9",
  },
  { name: "Whiskey Lake", generation: "gen9", ids: "3ea0 3ea1 3ea2 3ea3 3ea4" },
  {
    name: "Comet Lake",
    generation: "gen9",
    ids: "9b21 9b41 9ba2 9ba4 9ba5 9ba8 9baa 9bac 9bc2 9bc4 9bc5 9bc6 9bc8 9bca 9bcc 9be6 9bf6",
  },
  {
    name: "Ice Lake",
    generation: "gen11",
    ids: "8a50 8a51 8a52 8a53 8a54 8a56 8a57 8a58 8a59 8a5a 8a5b 8a5c 8a5d 8a70 8a71",
  },
  { name: "Elkhart Lake", generation: "gen11", ids: "4541 4551 4555 4557 4570 4571" },
  { name: "Jasper Lake", generation: "gen11", ids: "4e51 4e55 4e57 4e61 4e71" },
  {
    name: "Tiger Lake",
    generation: "xe-lp",
    ids: "9a40 9a49 9a59 9a60 9a68 9a70 9a78 9ac0 9ac9 9ad9 9af8",
  },
  { name: "Rocket Lake", generation: "xe-lp", ids: "4c80 4c8a 4c8b 4c8c 4c90 4c9a" },
  { name: "DG1", generation: "xe-lp", ids: "4905 4906 4907 4908 4909" },
  {
    name: "Alder Lake-S",
    generation: "xe-lp",
    ids: "4680 4682 4688 468a 468b 4690 4692 4693",
  },
  {
    name: "Alder Lake-P",
    generation: "xe-lp",
    ids: "4626 4628 462a 46a0 46a1 46a2 46a3 46a6 46a8 46aa 46b0 46b1 46b2 46b3 46c0 46c1 46c2 46c3",
  },
  { name: "Alder Lake-N", generation: "xe-lp", ids: "46d0 46d1 46d2 46d3 46d4" },
  {
    name: "Raptor Lake-S",
    generation: "xe-lp",
    ids: "a780 a781 a782 a783 a788 a789 a78a a78b",
  },
  {
    name: "Raptor Lake-P",
    generation: "xe-lp",
    ids: "a720 a721 a7a0 a7a1 a7a8 a7a9 a7aa a7ab a7ac a7ad",
  },
  {
    name: "DG2",
    generation: "xe-hpg",
    ids:
      "5690 5691 5692 5693 5694 5695 5696 5697 56a0 56a1 56a2 56a3 56a4 56a5 56a6 56b0 56b1 56b2 56b3 56ba 56bb 56bc 56bd " +
      "56be 56bf",
  },
  { name: "ATS-M", generation: "xe-hpg", ids: "56c0 56c1 56c2" },
  { name: "Meteor Lake", generation: "xe-lpg", ids: "7d40 7d45 7d55 7d60 7dd5" },
  { name: "Arrow Lake", generation: "xe-lpg", ids: "7d41 7d51 7d67 7dd1 b640" },
  {
    name: "Ponte Vecchio",
    generation: "xe-hpc",
    ids: "0b69 0b6e 0bd4 0bd5 0bd6 0bd7 0bd8 0bd9 0bda 0bdb 0be0 0be1 0be5",
  },
  { name: "Lunar Lake", generation: "xe2", ids: "6420 64a0 64b0" },
  {
    name: "Battlemage",
    generation: "xe2",
    ids: "e202 e209 e20b e20c e20d e210 e211 e212 e216 e220 e221 e222 e223",
  },
  {
    name: "Panther Lake",
    generation: "xe3",
    ids: "b080 b081 b082 b083 b084 b085 b086 b087 b08f b090 b0a0 b0b0",
  },
  { name: "Wildcat Lake", generation: "xe3", ids: "fd80 fd81" },
];

const byId: ReadonlyMap<string, Platform> = new Map(
  rows.flatMap(({ ids, ...platform }) => ids.split(" ").map((id): [string, Platform] => [id, platform])),
);

/** By an Intel device id as four lower-case hex digits; undefined for one that is not known here. */
export function platformOf(deviceId: string): Platform | undefined {
  return byId.get(deviceId);
}
