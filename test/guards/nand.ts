import type { Guard } from './guard.ts'

const restore = 'src/main/core/workflows/restore'
const kinds = 'test/integration/restoreFlashKind.test.ts'
const whole = 'test/integration/restoreWholeNand.test.ts'
const cut = `${restore}/nandWhole.test.ts`
const kind = `${restore}/flashKind.test.ts`

/** What keeps an image away from the wrong kind of flash, and a NAND's contents in their places. */
export const nandGuards: readonly Guard[] = [
  { says: 'a switch stops a camera\'s own U-Boot by itself', project: 'integration', tests: 'test/integration/hostDrivenRestore.test.ts', named: 'without boot files its own U-Boot is stopped by the switch', file: `${restore}/bringUp.ts`,
    find: '    if (power) return stopOwn(bench, power, context, console, signal)\n', replace: '' },
  { says: 'a switch that refuses ends a restore by a camera\'s own U-Boot', project: 'integration', tests: 'test/integration/hostDrivenRestore.test.ts', named: 'without boot files a switch that refuses the password', file: `${restore}/bringUp.ts`,
    find: 'limitMs: switchedLimitMs }, cycle.signal)', replace: 'limitMs: switchedLimitMs }, signal)' },
  { says: 'an upload that broke off leaves no camera without power', project: 'integration', tests: 'test/integration/restoreFaults.test.ts', named: 'pod-restarts', file: `${restore}/bringUp.ts`,
    find: '.catch((error: unknown): never => { powerAgain(); throw error })', replace: '.catch((error: unknown): never => { throw error })' },
  { says: 'an image is not loaded where this camera has no RAM', project: 'integration', tests: 'test/integration/restoreProof.test.ts', named: 'a U-Boot whose RAM is at', file: `${restore}/cameraPhases.ts`,
    find: 'if (Number.isFinite(said) && Math.floor', replace: 'if (Number.isNaN(said) && Math.floor' },
  { says: 'volumes for other logical blocks are refused before an erase', project: 'integration', tests: 'test/integration/restoreNand.test.ts', named: 'an image for other logical blocks', file: `${restore}/nandMap.ts`,
    find: '    checkLeb(name, medium, facts.geometry)\n', replace: '' },
  { says: 'UBIFS for other logical blocks is not installed', project: 'unit', tests: 'src/main/core/workflows/install/installLayout.test.ts', named: 'UBIFS for other logical blocks', file: 'src/main/core/workflows/install/installLayout.ts',
    find: 'fileSystem.lebBytes !== lebBytes) {', replace: 'fileSystem.lebBytes < 0) {' },
  { says: 'an assumed NOR is refused beside a NAND', project: 'integration', tests: kinds, named: 'an assumed NOR is refused', file: `${restore}/flashFound.ts`,
    find: 'if (planned.isAssumed) await refuseSecond(', replace: "if (planned.reason === '') await refuseSecond(" },
  { says: 'an absent flash is told by the one that is there', project: 'integration', tests: kinds, named: 'a plan for NOR on a camera without one', file: `${restore}/flashFound.ts`,
    find: 'throw await explainAbsence(', replace: 'throw error; await explainAbsence(' },
  { says: 'an empty answer proves no flash', project: 'integration', tests: kinds, named: 'an empty answer of', file: `${restore}/flashFound.ts`,
    find: 'return nand && `a NAND with blocks of ${nand.blockBytes / 1024} KiB`', replace: "return `a NAND${nand ? '' : ''}`" },
  { says: 'an image for another kind of flash is refused in the plan', project: 'unit', tests: kind, named: 'an image for one kind of flash is refused', file: `${restore}/flashKind.ts`,
    find: "if (other && wanted !== 'auto') {", replace: "if (other && wanted === 'auto' && first === undefined) {" },
  { says: 'an input that contradicts itself is refused', project: 'unit', tests: kind, named: 'contradicts itself', file: `${restore}/flashKind.ts`,
    find: 'if (other && first) {', replace: 'if (other && !first) {' },
  { says: 'what is erased in a NAND image is proved to be erased', project: 'integration', tests: whole, named: 'does not become erased behind its data', file: `${restore}/nandMedium.ts`,
    find: 'if (crc === track.planned.crc32) await checkErasedBehind(', replace: "if (crc === '') await checkErasedBehind(" },
  { says: 'a NAND partition with more than its image is not unchanged', project: 'integration', tests: whole, named: 'whatever lay there in its last block only', file: `${restore}/nandMedium.ts`,
    find: 'if (crc !== planned.crc32) return crc\n', replace: 'return crc\n' },
  { says: 'NAND images with spare bytes are refused', project: 'unit', tests: cut, named: 'an image with spare bytes', file: `${restore}/nandWhole.ts`,
    find: 'if (!isPowerOfTwo(length) && spareShares', replace: 'if (isPowerOfTwo(length) && spareShares' },
  { says: 'NAND data outside every partition is refused', project: 'unit', tests: cut, named: 'data behind the last partition', file: `${restore}/nandWhole.ts`,
    find: '  checkNobodys(source, bytes, reached, bytes.length)\n', replace: '' },
  { says: 'a NAND image that ends inside a partition is refused', project: 'unit', tests: cut, named: 'ends inside a partition', file: `${restore}/nandWhole.ts`,
    find: 'if (endBytes > bytes.length) {', replace: 'if (endBytes > 2 * bytes.length) {' },
  { says: 'a NAND partition is raw or UBI and never both', project: 'unit', tests: cut, named: 'raw data before the UBI', file: `${restore}/nandWhole.ts`,
    find: 'if (ubi > first) throw', replace: 'if (ubi < 0) throw' },
  { says: 'UBI whose first block is damaged is not written as it lies', project: 'unit', tests: `${restore}/nandLayout.test.ts`, named: 'UBI is never written raw', file: `${restore}/nandLayout.ts`,
    find: 'if (first === undefined || isErased(', replace: 'if (first === undefined || first > 0 || isErased(' },
  { says: 'UBI whose first block is damaged is not taken for an image of a NOR', project: 'unit', tests: kind, named: 'an image for one kind of flash is refused', file: `${restore}/flashKind.ts`,
    find: '|| (!volume && ubiStart(bytes) !== undefined)', replace: "|| (input.kind === 'image' && !volume && ubiStart(bytes) !== undefined)" },
  { says: 'the volumes of a NAND partition must fit together', project: 'integration', tests: whole, named: 'fit one by one but not together', file: `${restore}/nandMedium.ts`,
    find: '    checkVolumesTogether(plan.partitions, facts)\n', replace: '' },
  { says: 'each UBI volume of a NAND backup keeps its checksum', project: 'unit', tests: `${restore}/backupParts.test.ts`, named: 'a volume that is damaged', file: `${restore}/backupParts.ts`,
    find: 'wanted.toLowerCase() !== sha1', replace: "wanted === ''" },
  { says: 'a typed partition table that cannot be read is followed by no plan', project: 'unit', tests: `${restore}/layoutTable.test.ts`, named: 'a name twice', file: `${restore}/layoutTable.ts`,
    find: 'text: text ?? `!${joinedAsTyped(id, rows)}`', replace: "text: text ?? '1m(a)'" },
  { says: 'a typed name hides no other partition', project: 'unit', tests: `${restore}/layoutTable.test.ts`, named: 'a name that hides a partition', file: `${restore}/layoutTable.ts`,
    find: "throw bad('name', name)", replace: "bad('name', name)" },
]
