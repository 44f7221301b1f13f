import { agentGuards } from './agent.ts'
import { bootromGuards } from './bootrom.ts'
import { bundleGuards } from './bundle.ts'
import { captureGuards } from './captures.ts'
import { consolePaceGuards } from './consolePace.ts'
import { consoleGuards } from './consoles.ts'
import { fleetAgentGuards } from './fleetAgent.ts'
import { safetyGuards } from './safety.ts'
import { consoleToolGuards } from './consoleTools.ts'
import { dumpGuards } from './dump.ts'
import type { Guard } from './guard.ts'
import { findPortsGuards } from './findPorts.ts'
import { batchGuards } from './batch.ts'
import { fleetGuards } from './fleet.ts'
import { registryGuards } from './registry.ts'
import { inputGuards } from './inputs.ts'
import { installGuards } from './install.ts'
import { inventoryGuards } from './inventory.ts'
import { mpyGuards } from './mpy.ts'
import { nandGuards } from './nand.ts'
import { doorGuards } from './doors.ts'
import { otaGuards } from './ota.ts'
import { rackGuards } from './rack.ts'
import { slowBootGuards } from './slowBoots.ts'
import { releaseGuards } from './releases.ts'
import { transportGuards } from './transports.ts'
import { deviceUpdateGuards } from './deviceUpdates.ts'
import { updaterGuards } from './updater.ts'

const restore = 'src/main/core/workflows/restore'
const faults = 'test/integration/restoreFaults.test.ts'
const cancel = 'test/integration/restoreCancel.test.ts'

const tftp = 'src/main/drivers/tftp'
const server = 'test/integration/tftpServer.test.ts'
const real = 'test/integration/tftpReal.test.ts'

const tftpGuards: readonly Guard[] = [
  { says: 'what is lost is sent again in time', file: `${tftp}/download.ts`, project: 'integration', tests: server, named: 'OACK or its ACK lost',
    find: 'else if (patience.isDue(nowMs)) repeat(nowMs, true)', replace: '' },
  { says: 'a doubled acknowledgement does not double the file', file: `${tftp}/download.ts`, project: 'integration', tests: server, named: 'one doubled ACK',
    find: "patience.heard(nowMs, false)\n      if (patience.mayRepeatOnDemand(nowMs)) repeat(nowMs, false)\n      return\n", replace: 'repeat(nowMs, false)\n      return\n' },
  { says: 'an acknowledgement inside the window goes on behind it', file: `${tftp}/download.ts`, project: 'integration', tests: server, named: '',
    find: 'acknowledged += distance', replace: 'acknowledged = sent' },
  { says: 'a file of whole blocks ends with an empty one', file: `${tftp}/download.ts`, project: 'integration', tests: server, named: '',
    find: 'Math.floor(bytes.length / blockBytes) + 1', replace: 'Math.max(1, Math.ceil(bytes.length / blockBytes))' },
  { says: 'acknowledgements of blocks never sent count for nothing', file: `${tftp}/download.ts`, project: 'integration', tests: server, named: '',
    find: 'if (acknowledged + distance > sent) return', replace: '' },
  { says: 'block numbers go round', file: `${tftp}/download.ts`, project: 'integration', tests: server, named: 'more than 65535 blocks',
    find: 'const distance = (block - acknowledged) & 0xffff', replace: 'const distance = block - acknowledged' },
  { says: 'a silent client is given up', file: `${tftp}/download.ts`, project: 'integration', tests: server, named: 'the last ACK lost: the end is repeated',
    find: 'if (patience.hasGivenUp(nowMs)) {', replace: 'if (nowMs < 0) {' },
  { says: 'a foreign endpoint disturbs nothing', file: `${tftp}/tftpServer.ts`, project: 'integration', tests: server, named: 'foreign endpoint',
    find: 'if (keyOf(from) === key) table', replace: 'if (key) table' },
  { says: 'errors are never answered', file: `${tftp}/tftpServer.ts`, project: 'integration', tests: 'test/integration/tftpHostile.test.ts', named: 'an error of a stranger',
    find: "if (frame.kind === 'error') return\n", replace: '' },
  { says: 'not more than 64 transfers', file: `${tftp}/tftpServer.ts`, project: 'integration', tests: server, named: 'the 65th transfer',
    find: '>= limits.maxTransfers', replace: '>= 10 * limits.maxTransfers' },
  { says: 'an upload stays within its slot', file: `${tftp}/upload.ts`, project: 'integration', tests: server, named: 'too large ends with error 3',
    find: '> maxBytes)', replace: '> 10 * maxBytes)' },
  { says: 'an announced size beyond the slot is refused', file: `${tftp}/tftpServer.ts`, project: 'integration', tests: server, named: 'an announced size beyond',
    find: 'announced > slot.maxBytes', replace: 'announced < 0' },
  { says: 'the end of an upload is said again', file: `${tftp}/upload.ts`, project: 'integration', tests: server, named: 'the last ACK of an upload lost',
    find: 'if (complete && distance === 0) acknowledge()', replace: '' },
  { says: 'one writer for one slot', file: `${tftp}/tftpServer.ts`, project: 'integration', tests: server, named: 'one writer at a time',
    find: 'else if (slot.busy)', replace: 'else if (slot.maxBytes < 0)' },
  { says: 'a write goes only into a named slot', file: `${tftp}/nameMap.ts`, project: 'integration', tests: server, named: 'writing without a slot',
    find: 'findSlot: (asked) => find(slots, asked)', replace: "findSlot: (asked) => find(slots, asked) ?? { name: asked, maxBytes: 1e6, arrival: createDeferred(), busy: false }" },
  { says: 'the self-check compares what arrived', file: `${tftp}/selfCheck.ts`, project: 'integration', tests: real, named: '',
    find: 'if (!content.equals(arrived))', replace: 'if (arrived.length < 0)' },
]

export const guards: readonly Guard[] = [
  ...tftpGuards, ...bootromGuards, ...agentGuards, ...bundleGuards, ...registryGuards, ...fleetGuards, ...captureGuards, ...consoleGuards, ...consolePaceGuards, ...safetyGuards, ...consoleToolGuards, ...dumpGuards, ...inputGuards, ...inventoryGuards, ...installGuards, ...mpyGuards, ...nandGuards, ...otaGuards, ...rackGuards, ...releaseGuards, ...findPortsGuards, ...transportGuards, ...updaterGuards, ...doorGuards, ...deviceUpdateGuards, ...fleetAgentGuards, ...batchGuards, ...slowBootGuards,
  { says: 'a wrong read-back CRC is not a success', file: `${restore}/writePartition.ts`, project: 'integration', tests: faults, named: 'flash-page-wrong: ',
    find: "if (found === crc32) return { kind: 'proved', crc32: found }", replace: "if (found !== '') return { kind: 'proved', crc32 }" },
  { says: 'wrong content is written once more, not for ever', file: `${restore}/writePartition.ts`, project: 'integration', tests: faults, named: 'flash-page-wrong: ',
    find: 'const rewrites = 1', replace: 'const rewrites = 3' },
  { says: 'a rewrite is tried', file: `${restore}/writePartition.ts`, project: 'integration', tests: faults, named: 'flash-page-wrong, once',
    find: 'const rewrites = 1', replace: 'const rewrites = 0' },
  { says: 'the read-back buffer is poisoned first', file: `${restore}/flashProof.ts`, project: 'integration', tests: faults, named: 'read-back-stale on the second restore',
    find: 'await session.run(`mw.l', replace: 'void (`mw.l' },
  { says: 'erase and write must be confirmed with their numbers', file: `${restore}/writePartition.ts`, project: 'integration', tests: faults, named: 'command-error in sf-erase',
    find: 'await flashCommand(job, `sf erase', replace: 'await flashCommand(job, `echo SF: ${eraseBytes} bytes @ ${hexText(offsetBytes)} Erased: OK; echo ' },
  { says: 'an error text is an error', file: 'src/main/protocols/uboot/answers.ts', project: 'unit', tests: 'src/main/protocols/uboot/answers.test.ts', named: 'an error text is an error, also with a return code of 0',
    find: "if (errorLine.test(text)) return { kind: 'error', text }", replace: '' },
  { says: 'unknown commands are told apart', file: 'src/main/protocols/uboot/answers.ts', project: 'integration', tests: faults, named: 'no-crc32',
    find: "if (/^Unknown command\\b/.test(text)) return { kind: 'unknown-command', text }", replace: '' },
  { says: 'the image in RAM is proved before each erase', file: `${restore}/writePartition.ts`, project: 'integration', tests: 'test/integration/restoreProof.test.ts', named: 'damaged in RAM',
    find: 'if (inRam !== crc32) {', replace: "if (inRam === 'x') {" },
  { says: 'a fetched length must be the staged one', file: `${restore}/cameraPhases.ts`, project: 'integration', tests: 'test/integration/restoreProof.test.ts', named: 'short file',
    find: 'if (got?.lengthBytes === file.lengthBytes) return', replace: 'if (got) return' },
  { says: 'destructive lines are compared with their echo', file: 'src/main/core/uboot/ubootSession.ts', project: 'integration', tests: 'test/integration/ubootSession.test.ts', named: 'altered on the wire',
    find: 'while (!received.endsWith(line)) received +=', replace: 'while (received.length < line.length) received +=' },
  { says: 'a hopeless fetch is broken off', file: `${restore}/cameraPhases.ts`, project: 'integration', tests: faults, named: 'tftp-stall',
    find: 'hopeless: fetchIsHopeless', replace: 'hopeless: /never/' },
  { says: 'lost blocks do not fail a fetch', file: 'src/main/protocols/uboot/answers.ts', project: 'integration', tests: faults, named: 'tftp-loss',
    find: 'export const fetchIsHopeless = /TFTP error: ', replace: 'export const fetchIsHopeless = /Loading: |TFTP error: ' },
  { says: 'a lost line is opened again', file: 'src/main/core/uboot/steadySession.ts', project: 'integration', tests: faults, named: 'bridge-drop after 1500',
    find: 'if (!isLost ||', replace: 'if (isLost ||' },
  { says: 'bridges are kept awake', file: 'src/main/core/uboot/ubootSession.ts', project: 'integration', tests: faults, named: 'bridge-idle',
    find: 'await console.write(space, until)', replace: 'await clock.sleep(1e9, until)' },
  { says: 'a garbled answer is asked again', file: 'src/main/core/uboot/ubootSession.ts', project: 'integration', tests: faults, named: 'console-garbage every 400',
    find: 'if (!worthIt || attempt >= attempts) throw error', replace: 'if (worthIt || attempt >= attempts) throw error' },
  { says: 'leftovers are dropped before staging', file: `${restore}/restoreWorkflow.ts`, project: 'integration', tests: faults, named: 'stale-staged-files',
    find: 'await opened.backend.clear(signal)', replace: '' },
  { says: 'staging waits for a free slot', file: `${restore}/stager.ts`, project: 'integration', tests: faults, named: 'pod-slots 1',
    find: 'if (mine < maxFiles &&', replace: 'if (mine < 99 &&' },
  { says: 'staging waits while the boot ROM is fed', file: `${restore}/stager.ts`, project: 'integration', tests: faults, named: 'pod-busy-while-uart',
    find: 'let isBootRomBusy = true', replace: 'let isBootRomBusy = false' },
  { says: 'no room is said, not waited for', file: `${restore}/stager.ts`, project: 'integration', tests: faults, named: 'pod-oom',
    find: "error.code === 'pod/no-room' ||", replace: '' },
  { says: 'a refused upload to the boot ROM is a failure', file: `${restore}/bringUp.ts`, project: 'integration', tests: faults, named: 'fastboot-fails in prestep0',
    find: 'if (!result.success) {', replace: "if (result.lastPhase === '') {" },
  { says: 'a missed autoboot is seen at once', file: 'src/main/core/uboot/enterUboot.ts', project: 'integration', tests: faults, named: 'autoboot-missed',
    find: 'autobootMissed: true', replace: 'autobootMissed: false' },
  { says: 'silence instead of a prompt is a failure', file: 'src/main/core/uboot/enterUboot.ts', project: 'integration', tests: faults, named: 'no-prompt',
    find: "throw new WorkbenchError('device/no-answer', `No U-Boot prompt within", replace: "return { mode: 'shell', prompt: '' } as never; throw new WorkbenchError('device/no-answer', `No U-Boot prompt within" },
  { says: 'a restart in the middle is seen', file: 'src/main/core/uboot/ubootSession.ts', project: 'integration', tests: faults, named: 'power-cut-mid-write',
    find: '&& restart.test(received)) {', replace: '&& received === null) {' },
  { says: 'a panic or a loop is not a boot', file: 'src/main/protocols/uboot/bootProof.ts', project: 'integration', tests: faults, named: 'boot-loop',
    find: 'login: /', replace: 'login: kernelAt >= 0 || /' },
  { says: 'a login counts after a start only', file: 'src/main/protocols/uboot/bootProof.ts', project: 'unit', tests: 'src/main/protocols/uboot/bootProof.test.ts', named: 'login prompt counts',
    find: "const after = first === undefined ? '' : text.slice(first)", replace: 'const after = text' },
  { says: 'silence after the reset is not a boot', file: `${restore}/restoreWorkflow.ts`, project: 'integration', tests: faults, named: 'silent-after-reset',
    find: "return notSeen(received === ''", replace: "if (received.length >= 0) return { verdict: 'restored and booted' }\n    return notSeen(received === ''" },
  { says: 'the chip must be large enough', file: `${restore}/cameraPhases.ts`, project: 'integration', tests: faults, named: 'wrong-flash-size',
    find: 'for (const part of plan.partitions) checkFits(', replace: 'for (const part of []) checkFits(' },
  { says: 'the chip must be the planned one', file: `${restore}/cameraPhases.ts`, project: 'integration', tests: faults, named: 'unknown-chip-answers',
    find: 'chipFamily(soc) === chipFamily(planned)', replace: "chipFamily(soc) !== ''" },
  { says: 'a cancel waits for the partition that is being written', file: 'src/main/core/workflows/phase.ts', project: 'integration', tests: cancel, named: 'while a partition is erased',
    find: "phase.cancel === 'at-end' ?", replace: "phase.cancel !== 'at-end' ?" },
  { says: 'the next phase does not begin after a cancel', file: 'src/main/core/workflows/phase.ts', project: 'integration', tests: cancel, named: 'shares its file with the next',
    find: '  signal.throwIfAborted()\n', replace: '' },
  { says: 'staged files are dropped on every way out', file: `${restore}/restoreWorkflow.ts`, project: 'integration', tests: cancel, named: 'cancelled as compare begins',
    find: "cleanup.add('drop the staged files'", replace: "void (['drop the staged files'" },
  { says: 'one job for one camera', file: `${restore}/restoreWorkflow.ts`, project: 'integration', tests: cancel, named: 'a second job on a busy camera',
    find: 'const lease = await bench.takeLease(signal)', replace: 'const lease = { release: async () => undefined }' },
  { says: 'what is equal is not written', file: `${restore}/restoreWorkflow.ts`, project: 'integration', tests: cancel, named: 'the second restore of the same image',
    find: 'if (found === crc32 && !bench.plan.request.force)', replace: "if (found === 'x')" },
  { says: 'boot is written last', file: `${restore}/layout.ts`, project: 'unit', tests: `${restore}/layout.test.ts`, named: 'boot is written last',
    find: '...parts.filter((part) => !part.isBoot).sort(', replace: '...parts.slice().sort(' },
  { says: 'overlapping parts are refused', file: `${restore}/layout.ts`, project: 'unit', tests: `${restore}/layout.test.ts`, named: 'overlaps are refused',
    find: 'if (next && end > next.offsetBytes) {', replace: 'if (next && end < 0) {' },
  { says: 'parts off the erase blocks are refused', file: `${restore}/layout.ts`, project: 'unit', tests: `${restore}/layout.test.ts`, named: 'trimmed partition',
    find: 'if (offsetBytes % blockBytes !== 0) {', replace: 'if (offsetBytes < 0) {' },
  { says: 'a damaged backup is refused', file: `${restore}/backupParts.ts`, project: 'unit', tests: `${restore}/readInput.test.ts`, named: 'a backup that is cut',
    find: 'wanted.toLowerCase() !== sha1', replace: "wanted === ''" },
  { says: 'a stale plan cannot be started', file: `${restore}/plan.ts`, project: 'integration', tests: 'test/integration/workbench.test.ts', named: 'no longer fits its files',
    find: 'if (plan.hash !== plannedHash) {', replace: "if (plannedHash === '') {" },
  { says: 'the journal knows no success without proof', file: 'src/main/core/jobs/jobEnding.ts', project: 'integration', tests: 'test/integration/restoreProof.test.ts', named: 'work that calls itself done',
    find: 'if (missing.length > 0) {', replace: 'if (missing.length > 99) {' },
]
