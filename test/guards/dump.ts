import type { Guard } from './guard.ts'

const dump = 'src/main/core/workflows/dump'
const nand = 'test/integration/dumpNand.test.ts'
const emmc = 'test/integration/dumpEmmc.test.ts'

/** What keeps a dump true to its flash when that is no NOR. */
export const dumpGuards: readonly Guard[] = [
  { says: 'a dump with auto is refused where NOR and NAND are', project: 'integration', tests: nand, named: 'refused beside a NOR', file: 'src/main/core/workflows/restore/flashFound.ts',
    find: 'if (nor !== undefined && nand !== undefined) {', replace: 'if (nor !== undefined && nor === nand) {' },
  { says: 'a dump of NAND notices a block that went bad meanwhile', project: 'integration', tests: nand, named: 'a block that goes bad', file: `${dump}/dumpNand.ts`,
    find: 'if (skipped !== expected) throw', replace: 'if (skipped < expected) throw' },
  { says: 'a dump of NAND begins behind the bad blocks before it', project: 'integration', tests: nand, named: 'each partition without its bad blocks', file: `${dump}/dumpNand.ts`,
    find: 'if (at <= place) place += blockBytes', replace: 'if (at === place) place += blockBytes' },
  { says: 'one image of a NAND with bad blocks is refused', project: 'integration', tests: nand, named: 'one image of a NAND', file: `${dump}/dumpNand.ts`,
    find: "if (form === 'image' && bad.size > 0) {", replace: "if (form === 'image' && bad.size > 9) {" },
  { says: 'a NAND without its partition table is no folder', project: 'integration', tests: nand, named: 'without a table of the NAND', file: `${dump}/dumpNand.ts`,
    find: "if (form !== 'image' && layout.from === 'whole flash') {", replace: "if (form === 'ipctool' && layout.from === 'whole flash') {" },
  { says: 'the table of another kind of flash cuts no dump', project: 'integration', tests: nand, named: 'without a table of the NAND', file: `${dump}/dumpLayout.ts`,
    find: 'if (told === undefined || told === kind) return only', replace: 'if (told !== undefined || told === kind) return only' },
  { says: 'no ipctool backup is made of raw UBI', project: 'integration', tests: nand, named: 'the backup is refused once', file: `${dump}/dumpNand.ts`,
    find: "  if (form === 'ipctool') throw noBackup()\n", replace: '' },
  { says: 'a dump of NAND is read over a fresh pattern', project: 'integration', tests: nand, named: 'by tftp: a nand read', file: `${dump}/dumpNand.ts`,
    find: '      await poison(session, { address: loadAddress, lengthBytes, newPoison }, signal)\n', replace: '' },
  { says: 'a dump of eMMC is read over a fresh pattern', project: 'integration', tests: emmc, named: 'an mmc read that copies nothing', file: `${dump}/dumpEmmc.ts`,
    find: '      await poison(session, { address: loadAddress, lengthBytes: range.lengthBytes, newPoison }, signal)\n', replace: '' },
  { says: 'an eMMC is dumped to its last block and no further', project: 'integration', tests: emmc, named: 'to the last block', file: `${dump}/dumpEmmc.ts`,
    find: '  return behind * mmcBlockBytes\n', replace: '  return mostBytes - (mostBytes % mmcBlockBytes)\n' },
  { says: 'the JEDEC id of a flash is read where U-Boot prints it', project: 'integration', tests: 'test/integration/dump.test.ts', named: 'vendor-probe', file: 'src/main/protocols/uboot/answers.ts',
    find: 'return flash && id ? {', replace: "return flash && id?.[0] === '' ? {" },
  { says: 'a dump by an agent is of NOR', project: 'integration', tests: 'test/integration/dumpByAgent.test.ts', named: 'agent-flash-kind:nand', file: `${dump}/dumpByAgent.ts`,
    find: '  checkKind(info)\n', replace: '' },
  { says: 'a part of a dump by an agent fits into memory', project: 'integration', tests: 'test/integration/dumpByAgent.test.ts', named: 'agent-flash-size', file: `${dump}/dumpByAgent.ts`,
    find: '  await checkRoom(plan.output.keptBytes, layout, output)\n', replace: '' },
  { says: 'a dump by an agent says which camera it met', project: 'integration', tests: 'test/integration/dumpByAgent.test.ts', named: 'whatever says where the parts are', file: `${dump}/dumpByAgent.ts`,
    find: 'if (bench.identity) judgeIdentity(', replace: 'if (bench.identity?.accept) judgeIdentity(' },
  { says: 'an image that is not what was dumped is not restored', project: 'integration', tests: 'test/integration/dump.test.ts', named: 'image: one file', file: 'src/main/core/workflows/restore/readInput.ts',
    find: 'if (part.lengthBytes !== bytes.length || ', replace: "if (part.lengthBytes !== bytes.length && " },
  { says: 'the record of another dump is not written over', project: 'integration', tests: 'test/integration/dump.test.ts', named: 'image: one file', file: 'src/main/drivers/files/dumpFolder.ts',
    find: "if (form !== 'folder' && await lstat(", replace: "if (form === 'folder' && await lstat(" },
  { says: 'a dump says which kind of flash it is of', project: 'integration', tests: nand, named: 'the kind is in dump.json', file: 'src/main/core/workflows/restore/readInput.ts',
    find: '...(kind === undefined ? {} : { flash: {', replace: "...(kind !== 'emmc' ? {} : { flash: {" },
  { says: 'what is read from the disk a second time is what the plan was made of', project: 'integration', tests: emmc, named: 'changed between plan and writing', file: 'src/main/drivers/files/storedFile.ts',
    find: '      if (crc32(bytes) !== sumOf()) throw file.changed()\n', replace: '' },
  { says: 'a large dump that stays on the disk is compared with its record', project: 'integration', tests: emmc, named: 'only a whole dump is taken', file: 'src/main/core/workflows/restore/readInput.ts',
    find: 'if (sha256Of(part.bytes, tools) === sha256) continue', replace: 'if (isStored(part.bytes) || sha256Of(part.bytes, tools) === sha256) continue' },
  { says: 'what stays on the disk is not gathered in memory', project: 'unit', tests: 'src/main/core/workflows/restore/stager.test.ts', named: 'two files are in memory', file: 'src/main/core/workflows/restore/stager.ts',
    find: '.length >= storedAhead) {', replace: '.length >= 256 * storedAhead) {' },
]
