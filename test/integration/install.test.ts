import { expect, onTestFinished, test } from 'vitest'
import { bootStandIns } from '../../src/main/sim/standIns.ts'
import { decodeEnvironment, defaultEnvironment, encodeEnvironment, environmentOffset } from '../../src/main/sim/environment.ts'
import { isFinished, type Job } from '../../src/shared/jobs/reduceJob.ts'
import { install, prepareInstall, startInstall } from '../support/installRig.ts'
import { buildSquashfs, buildUbifs, buildUimage, fixtureNoise, md5sumOf, nandRelease, norRelease } from '../support/releaseFixture.ts'
import { createRig, type Rig, type RigOptions } from '../support/restoreRig.ts'

const mib = 1024 * 1024

function openRig(options: RigOptions = {}): Rig {
  const rig = createRig(options)
  onTestFinished(async () => rig.close())
  return rig
}

const cells = (rig: Rig): Uint8Array => rig.pod.camera.cells
const stored = (rig: Rig): ReadonlyMap<string, string> | undefined => decodeEnvironment(cells(rig).slice(environmentOffset, environmentOffset + 0x10000))
const holds = (rig: Rig, offset: number, bytes: Uint8Array): boolean => Buffer.compare(cells(rig).subarray(offset, offset + bytes.length), bytes) === 0

/** What a person has set on this camera before. */
function setEnvironment(rig: Rig, change: (variables: Map<string, string>) => void): void {
  const variables = new Map(stored(rig))
  change(variables)
  const image = encodeEnvironment(variables)
  if (!image) throw new Error('too large')
  cells(rig).set(image, environmentOffset)
}

test('a release on NOR: flash, environment and boot are proved, and the camera stays who it is', async () => {
  const rig = openRig()
  setEnvironment(rig, (variables) => { variables.set('ethaddr', '00:12:31:aa:bb:cc').set('wlanssid', 'lab net').set('odd', 'a\\b  ') })
  const before = stored(rig)
  const members = norRelease('hi3516ev300', 90_000, 300_000)
  const job = await install(rig, { members })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('installed and booted')
  expect(rig.pod.camera.where).toBe('linux')
  expect(holds(rig, 0x50000, members[0]?.bytes ?? new Uint8Array())).toBe(true)
  expect(holds(rig, 0x350000, members[2]?.bytes ?? new Uint8Array())).toBe(true)
  const after = stored(rig)
  expect(after?.get('ethaddr')).toBe('00:12:31:aa:bb:cc')
  expect(after?.get('bootcmd')).toBe(before?.get('bootcmdnor'))
  // All else is as it was, the addresses that the transfer needed included.
  const changed = new Set(['bootcmd', 'mtdparts'])
  for (const [name, value] of before ?? []) if (!changed.has(name)) expect([name, after?.get(name)]).toEqual([name, value])
  expect([...after?.keys() ?? []].filter((name) => before?.has(name) !== true)).toEqual([])
  expect(job.environment).toMatchObject({ state: 'proved', mac: { address: '00:12:31:aa:bb:cc', reason: 'kept' }, lost: [] })
  expect(job.environment?.crc32).toMatch(/^[0-9a-f]{8}$/)
})

test('the address that is compiled into U-Boot is replaced, before the first start', async () => {
  const rig = openRig()
  setEnvironment(rig, (variables) => { variables.set('ethaddr', '00:00:23:34:45:66') })
  const job = await install(rig)
  expect(job.environment?.mac).toEqual({ address: 'fe:ff:ff:ff:ff:ff', reason: 'compiled-in' })
  expect(stored(rig)?.get('ethaddr')).toBe('fe:ff:ff:ff:ff:ff')
})

test('a wiped environment has the defaults, and the address of this camera', async () => {
  const rig = openRig()
  setEnvironment(rig, (variables) => { variables.set('ethaddr', '00:12:31:aa:bb:cc').set('wlanpass', 'secret'); variables.delete('bootcmdnor') })
  const job = await install(rig, { request: { wipeEnv: true } })
  expect(job.verdict).toBe('installed and booted')
  expect(stored(rig)?.get('wlanpass')).toBeUndefined()
  expect(stored(rig)?.get('ethaddr')).toBe('00:12:31:aa:bb:cc')
  expect(job.environment?.lost).toEqual(['wlanpass'])
  expect(JSON.stringify(job)).not.toContain('secret')
})

test.each([[8, 'nor8', 0x250000], [32, 'nor32', 0x350000]] as const)('NOR of %i MiB', async (flashMb, name, rootfsOffset) => {
  const rig = openRig({ flashMb })
  const members = norRelease()
  const job = await install(rig, { members, flashBytes: flashMb * mib })
  expect(job.verdict).toBe('installed and booted')
  expect(job.workflow === 'install' && job.plan.layout.name).toBe(name)
  expect(holds(rig, rootfsOffset, members[2]?.bytes ?? new Uint8Array())).toBe(true)
})

test('a second installation writes nothing but the environment', async () => {
  const rig = openRig()
  await install(rig)
  const before = rig.pod.camera.programmedBytes
  const job = await install(rig)
  expect(job.verdict).toBe('installed and booted')
  expect(job.partitions.map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'unchanged'])
  expect(rig.pod.camera.programmedBytes - before).toBe(0x10000)
})

test('NAND: the root file system goes into a UBI volume and the environment into its partition', async () => {
  const rig = openRig({ secondFlash: 'nand', faults: ['environment-in-nand', 'nand-bad-block:81,90'] })
  const job = await install(rig, { members: nandRelease('hi3516ev300', buildUbifs(20)), flashBytes: 128 * mib, request: { flashType: 'nand' } })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('installed and booted')
  expect(job.partitions.map(({ name, state }) => [name, state])).toEqual([['kernel', 'proved'], ['rootfs', 'proved'], ['boot', 'proved']])
  const environment = decodeEnvironment(rig.pod.camera.nand?.read(0x100000, 0x10000) ?? new Uint8Array(16))
  expect(environment?.get('bootargs')).toMatch(/^root=ubi0:rootfs rootfstype=ubifs mem=32M /)
  expect(environment?.get('bootcmd')).toBe('nand read 0x42000000 0x200000 0x800000; bootm 0x42000000')
  expect(environment?.get('mtdparts')).toBe('hinand:1024k(boot),1024k(env),8192k(kernel),-(ubi)')
  expect(environment?.has('mtdids')).toBe(false)
})

const untouched = (rig: Rig, job: Job): void => {
  expect(job.state).toBe('failed')
  expect(rig.pod.camera.flashTouched).toBe(false)
  expect(job.partitions.every(({ state }) => state === 'pending')).toBe(true)
}

test.each([
  ['a vendor\'s environment', {}, (variables: Map<string, string>) => { variables.delete('bootcmdnor') }, 'device/refused', /has no bootcmdnor/],
  ['a boot command of another layout', {}, (variables: Map<string, string>) => { variables.set('bootcmdnor', 'sf probe 0; sf read ${baseaddr} 0x60000 0x300000; bootm ${baseaddr}') }, 'device/refused', /bootcmdnor in this camera's environment reads from 0x60000, and the kernel is at 0x50000/],
  ['a boot command that erases', {}, (variables: Map<string, string>) => { variables.set('bootcmdnor', 'run other; sf probe 0; sf read ${baseaddr} 0x50000 0x300000; bootm ${baseaddr}').set('other', 'sf probe 0; sf erase 0xd50000 0x10000') }, 'device/refused', /changes the flash at each start: "sf erase 0xd50000 0x10000"/],
] as const)('%s stops before anything is written', async (_, more, change, code, message) => {
  const rig = openRig()
  setEnvironment(rig, change)
  const job = await install(rig, more)
  untouched(rig, job)
  expect(job.error).toMatchObject({ code, message: expect.stringMatching(message) as unknown })
  expect(job.verdict).toBe('failed (state known)')
})

test('a boot command that does not say what it reads is a warning before anything is written', async () => {
  const rig = openRig()
  let noted: boolean | undefined
  rig.jobs.listen((_id, event) => { if (event.type === 'noted' && event.message.includes('What bootcmdnor in this camera\'s environment starts cannot be told from its text: "vendorboot"')) noted = rig.pod.camera.flashTouched })
  setEnvironment(rig, (variables) => { variables.set('bootcmdnor', 'vendorboot') })
  const job = await install(rig)
  expect(job.partitions.every(({ state }) => state === 'proved')).toBe(true)
  expect(noted).toBe(false)
})

test('NAND is started from an address and nothing else', async () => {
  const rig = openRig({ secondFlash: 'nand', faults: ['environment-in-nand'] })
  const image = encodeEnvironment(defaultEnvironment('hi3516ev300', 16).set('baseaddr', '42000000; sf erase 0 10000')) ?? new Uint8Array()
  for (let at = 0; at < image.length; at += 2048) rig.pod.camera.nand?.program(0x100000 + at, image.subarray(at, at + 2048))
  const job = await install(rig, { members: nandRelease('hi3516ev300', buildUbifs(20)), flashBytes: 128 * mib, request: { flashType: 'nand' } })
  untouched(rig, job)
  expect(job.error).toMatchObject({ code: 'device/refused', message: expect.stringMatching(/^baseaddr in this camera's environment is no address: "42000000; sf erase 0 10000"/) as unknown })
})

const ownTable = '256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)'

test.each([
  'sf probe 0; sf erase 0 0x1000000', `setenv mtdparts hi_sfc:${ownTable}; sf erase 0 40000`, `setenv mtdparts hi_sfc:${ownTable} $(reset)`, 'run other', 'setenv mtdparts ${table}', `setenv bootcmd hi_sfc:${ownTable}`,
])('what a camera has in the place of its partition command is not run: %s', async (text) => {
  const rig = openRig()
  setEnvironment(rig, (variables) => { variables.set('mtdpartsnor16m', text).set('other', 'sf erase 0 0x1000000') })
  const job = await install(rig)
  untouched(rig, job)
  expect(job.error).toMatchObject({ code: 'device/refused', message: expect.stringContaining('mtdpartsnor16m in this camera\'s environment does something else than set its partition table, and is not run') as unknown, hint: expect.stringContaining('--wipe-env') as unknown })
  expect(rig.pod.camera.commands.filter((line) => /^(?:run|sf erase|reset)/.test(line))).toEqual([])
})

test('the partition command of a build names its own device, and nothing runs it', async () => {
  const rig = openRig()
  setEnvironment(rig, (variables) => { variables.set('mtdpartsnor16m', `setenv mtdparts spi0.0:${ownTable}`) })
  const job = await install(rig)
  expect(job.verdict).toBe('installed and booted')
  expect(stored(rig)?.get('mtdparts')).toBe(`spi0.0:${ownTable}`)
  expect(rig.pod.camera.commands.filter((line) => line.startsWith('run'))).toEqual([])
})

test('another U-Boot in the place of the loaded one stops before anything is written', async () => {
  const rig = openRig({ faults: ['own-uboot'] })
  const job = await install(rig)
  untouched(rig, job)
  expect(job.error).toMatchObject({ code: 'device/wrong-identity', message: expect.stringMatching(/^"U-Boot 2010\.06 .*" answers, and stand-in holds "U-Boot 2016\.11 .*what was loaded does not run$/) as unknown })
})

test('a camera that another U-Boot has started is no success, though every byte is in its flash', async () => {
  const job = await install(openRig({ faults: ['own-uboot'] }), { isOwnUboot: true })
  expect(job).toMatchObject({
    state: 'failed', verdict: 'installed, U-Boot not confirmed', environment: { state: 'proved' },
    error: { code: 'device/wrong-identity', message: 'The camera was started by "U-Boot 2010.06 (Jan 07 2019 - 09:12:33)", and what was installed is "U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)"' },
  })
  expect(job.partitions.every(({ state }) => state === 'proved')).toBe(true)
})

test('a start that names nearly the installed U-Boot is no success: a line that alters a letter and another build look alike', async () => {
  const uboot = Uint8Array.from(Buffer.from(Buffer.from(bootStandIns().uboot).toString('latin1').replaceAll('11:44:07', '11:44:19'), 'latin1'))
  const job = await install(openRig(), { isOwnUboot: true, uboot })
  expect(job).toMatchObject({
    state: 'failed', verdict: 'installed, U-Boot not confirmed', environment: { state: 'proved' },
    error: { code: 'link/garbled', message: 'Whether "U-Boot 2016.11 (Mar 20 2023 - 11:44:19 +0000)" has started the camera is not certain: "U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)" is what was read of it', hint: expect.stringContaining('Install once more') as unknown },
  })
  expect(job.partitions.every(({ state }) => state === 'proved')).toBe(true)
})

test('its own U-Boot, stopped, need not be the one of the image: that one has to start it', async () => {
  const job = await install(openRig(), { isOwnUboot: true })
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('installed and booted')
})

test('a flash that is smaller than the layout stops before anything is written', async () => {
  const rig = openRig({ faults: ['wrong-flash-size:8'] })
  const job = await install(rig, { flashBytes: 0, request: { norMib: 16 } })
  untouched(rig, job)
  expect(job.error).toMatchObject({ code: 'device/wrong-identity', message: 'The flash has 8 MiB and the layout needs 16; nothing was written' })
})

test('another chip behind this name stops before anything is written', async () => {
  const rig = openRig({ faults: ['unknown-chip-answers:hi3518ev200'] })
  const job = await install(rig)
  untouched(rig, job)
  expect(job.error?.code).toBe('device/wrong-identity')
})

test.each([
  ['saveenv-lies', 'device/wrong-content', 'failed (state unknown)'],
  ['saveenv-fails', 'device/refused', 'failed (state unknown)'],
  ['command-error:saveenv', 'device/refused', 'failed (state unknown)'],
] as const)('%s: no success, and the new system is not started', async (fault, code, verdict) => {
  const rig = openRig({ faults: [fault] })
  const job = await install(rig)
  expect(job).toMatchObject({ state: 'failed', verdict, error: { code }, environment: { state: 'unknown' } })
  expect(rig.pod.camera.commands.filter((command) => command === 'reset')).toEqual([])
  expect(job.partitions.every(({ state }) => state === 'proved')).toBe(true)
})

test('an environment that is kept somewhere else is no success', async () => {
  const rig = openRig({ secondFlash: 'nand' })
  const job = await install(rig, { members: nandRelease('hi3516ev300'), flashBytes: 128 * mib, request: { flashType: 'nand' } })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content', message: 'This U-Boot keeps its environment somewhere else than in the NAND flash of this layout' } })
})

test('a page that takes a wrong bit is no success, and the environment stays as it was', async () => {
  const rig = openRig({ faults: ['flash-page-wrong:0x51000'] })
  const before = stored(rig)
  const job = await install(rig)
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
  expect(stored(rig)).toEqual(before)
  expect(rig.pod.camera.commands).not.toContain('saveenv')
})

test('a kernel that panics: all is written and proved, and the boot was not seen', async () => {
  const rig = openRig({ faults: ['boot-loop'] })
  const job = await install(rig)
  expect(job).toMatchObject({ state: 'failed', verdict: 'installed, boot not seen', error: { code: 'device/not-booted' }, environment: { state: 'proved' } })
})

test.each(['console-garbage:2500', 'console-digits:20000', 'bridge-drop:9000', 'tftp-loss:3'])('with %s it ends right all the same', async (fault) => {
  const rig = openRig({ faults: [fault] })
  setEnvironment(rig, (variables) => { variables.set('ethaddr', '00:12:31:aa:bb:cc').set('long', 'x'.repeat(600)) })
  const job = await install(rig)
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('installed and booted')
  expect(stored(rig)?.get('long')).toBe('x'.repeat(600))
})

test('a digit that became another while the environment was read is not what is saved', async () => {
  const rig = openRig({ faults: ['console-word:gatewayip=192.168.1.1'] })
  const job = await install(rig)
  expect(job.verdict).toBe('installed and booted')
  expect(stored(rig)?.get('gatewayip')).toBe('192.168.1.1')
})

test('a cancel while the environment is saved waits for its proof', async () => {
  const rig = openRig()
  const id = await startInstall(rig)
  rig.jobs.listen((job, event) => { if (event.type === 'environment-changed' && event.environment.state === 'saving') rig.jobs.cancel(job.id) })
  const job = await rig.finish(id)
  expect(isFinished(job)).toBe(true)
  expect(job.verdict).toBe('cancelled')
  expect(job.environment?.state).toBe('proved')
})

test.each([
  ['a NAND release on NOR', { members: nandRelease('hi3516ev300') }, 'input/conflict', /is for NAND flash and this camera has NOR/],
  ['a release for another chip', { members: norRelease('gk7205v200') }, 'input/conflict', /is for gk7205v200 and the camera has hi3516ev300/],
  ['a wrong checksum', { members: norRelease().map((member, index) => (index === 1 ? { ...member, bytes: new TextEncoder().encode(`${'0'.repeat(32)}  x\n`) } : member)) }, 'input/malformed', /does not match its checksum/],
  ['a kernel that does not fit', { members: norRelease('hi3516ev300', 4 * mib) }, 'input/too-large', /the kernel partition has/],
  ['a root that does not fit', { members: norRelease('hi3516ev300', 20_000, 11 * mib) }, 'input/too-large', /the rootfs partition has/],
  ['a U-Boot that does not fit', { uboot: fixtureNoise(0x40001) }, 'input/too-large', /U-Boot image needs 262145 bytes/],
  ['a file that is no U-Boot', { uboot: new TextEncoder().encode('root:x:0:0:root:/root:/bin/bash\n'.repeat(1000)) }, 'input/malformed', /^stand-in holds no U-Boot: it names no version/],
  ['a layout that nobody can know', { flashBytes: 0 }, 'input/conflict', /Nobody knows how large this camera's flash is/],
  ['a layout for a larger flash', { flashBytes: 8 * mib, request: { norMib: 16 } }, 'input/too-large', /needs 16 MiB and this camera's flash has 8/],
] as const)('the plan refuses %s', async (_, more, code, message) => {
  const { plan } = await prepareInstall(openRig(), more)
  expect(plan.refusals).toContainEqual(expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }))
})

test('the plan says what it will do, and that a checksum is not there', async () => {
  const kernel = { name: 'uImage.hi3516ev300', bytes: buildUimage(9_000) }
  const rootfs = { name: 'rootfs.squashfs.hi3516ev300', bytes: buildSquashfs(50_000) }
  const { plan } = await prepareInstall(openRig(), { members: [kernel, rootfs, md5sumOf(rootfs)] })
  expect(plan.refusals).toEqual([])
  expect(plan.warnings).toEqual(['There is no checksum for uImage.hi3516ev300'])
  expect(plan.release.files.map(({ md5 }) => md5)).toEqual(['not-there', 'matches'])
  expect(plan.phases.map(({ name }) => name)).toEqual(['check', 'u-boot', 'read-environment', 'identify', 'environment', 'compare', 'network', 'fetch:0', 'write:rootfs', 'write:kernel', 'write:boot', 'save-environment', 'reset', 'boot-seen'])
  expect(plan.forecastMs).toBe(plan.phases.reduce((sum, { forecastMs }) => sum + forecastMs, 0))
  expect(plan.settings).toEqual([{ name: 'mtdparts', value: 'hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)' }, { name: 'bootcmd', value: '${bootcmdnor}' }])
  const packed = new Uint8Array(0x10000).fill(0x20)
  packed.set([0x5d, 0, 0, 0x80, 0], 0x6d00)
  expect((await prepareInstall(openRig(), { uboot: packed })).plan).toMatchObject({ refusals: [], warnings: [expect.stringContaining('Neither its answer nor the restart can be compared')] })
  const other = await prepareInstall(openRig(), { members: [kernel, rootfs, md5sumOf(rootfs)], request: { wipeEnv: true } })
  expect(other.plan.hash).not.toBe(plan.hash)
})

