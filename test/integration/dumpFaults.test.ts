import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { JobEvent } from '../../src/shared/jobs/jobEvent.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { type DumpRig, type DumpRigOptions, openDumpRig } from '../support/dumpRig.ts'

const boot = { partition: 'boot' } as const

/** A dump that failed or was cancelled leaves nothing that could be taken for one; what is hidden is for the next try by `md`. */
async function expectNothingWhole(rig: DumpRig, job: Job): Promise<void> {
  expect(job.dumped).toEqual([])
  expect((await readdir(rig.folder)).filter((name) => !name.endsWith('.rackbench-partial'))).toEqual([])
  expect(job.leftBehind).toEqual([])
  expect(rig.leases.holderOf('pod-1')).toBeUndefined()
  expect(rig.console.stats().state).not.toBe('lent')
  expect(rig.pod.camera.flashTouched).toBe(false)
}
const hidden = async (rig: DumpRig): Promise<string[]> => (await readdir(rig.folder)).filter((name) => name.startsWith('.'))

/** What no path may do: tell a range whose file holds something else than the cells. */
async function expectHonest(rig: DumpRig, job: Job): Promise<void> {
  for (const { path, offsetBytes, lengthBytes } of job.dumped) {
    expect((await readFile(path)).equals(Buffer.from(rig.pod.camera.cells.slice(offsetBytes, offsetBytes + lengthBytes)))).toBe(true)
  }
  if (job.verdict === 'dumped and verified') expect(job.dumped.length).toBeGreaterThan(0)
  else await expectNothingWhole(rig, job)
}
const notesOf = (job: Job): string => job.notes.map(({ message }) => message).join('\n')

async function dumpWith(options: DumpRigOptions, request: Parameters<DumpRig['dump']>[0] = {}): Promise<{ readonly rig: DumpRig; readonly job: Job }> {
  const rig = await openDumpRig(options)
  const job = await rig.dump(request)
  await expectHonest(rig, job)
  return { rig, job }
}

test('no-tftpput: printed instead, and that is said with its time', async () => {
  const { rig, job } = await dumpWith({ faults: ['no-tftpput'] }, boot)
  expect(job.verdict).toBe('dumped and verified')
  expect(notesOf(job)).toMatch(/does not know "tftpput"\. The flash is printed over the console instead, which takes up to \d+ minutes/)
  expect(rig.pod.camera.commands.some((line) => line.startsWith('md.b'))).toBe(true)
})

test('no-tftpput, and nothing else was wanted: refused with the other way', async () => {
  const { job, rig } = await dumpWith({ faults: ['no-tftpput'] }, { via: 'tftp' })
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/unknown-command', hint: expect.stringContaining('--via md') } })
  expect(await hidden(rig)).toEqual([])
})

test('no route to our server: printed instead; with --via tftp it fails and says what to check', async () => {
  const { job } = await dumpWith({ hasRoute: false }, boot)
  expect(job.verdict).toBe('dumped and verified')
  expect(notesOf(job)).toContain('printed over the console instead')
  const { job: strict, rig } = await dumpWith({ hasRoute: false }, { ...boot, via: 'tftp' })
  expect(strict).toMatchObject({ state: 'failed', error: { code: 'device/no-network' } })
  expect(await hidden(rig)).toEqual([])
})

test('tftp-stall: tried again, then printed', async () => {
  const { job } = await dumpWith({ faults: ['tftp-stall'] }, boot)
  expect(job.verdict).toBe('dumped and verified')
  expect(notesOf(job)).toContain('trying again')
})

test('tftp-loss: lost blocks cost time only', async () => {
  const { job } = await dumpWith({ faults: ['tftp-loss:1'] }, { partition: 'env' })
  expect(job).toMatchObject({ verdict: 'dumped and verified' })
  expect(job.phases.find(({ name }) => name === 'read')?.note).toBe('by tftpput')
})

for (const via of ['tftp', 'md'] as const) {
  test(`no-crc32, by ${via}: without a CRC nothing is proved, so nothing is dumped`, async () => {
    const { job, rig } = await dumpWith({ faults: ['no-crc32'] }, { ...boot, via })
    expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/unknown-command' } })
    expect(rig.pod.camera.commands.some((line) => /^(md|tftpput)/.test(line))).toBe(false)
    expect(await hidden(rig)).toEqual([])
  })
  test(`read-back-stale, by ${via}: a read that copies nothing gives no dump of the pattern`, async () => {
    const { job } = await dumpWith({ faults: ['read-back-stale'] }, { ...boot, via })
    expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
  })
  test(`flash-read-unsteady, by ${via}: a chip that says two things is not dumped`, async () => {
    const { job } = await dumpWith({ faults: ['flash-read-unsteady:0x12345'] }, { ...boot, via })
    expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content', context: { partition: 'boot' } } })
  })
}

test('a short upload is no dump of a shorter flash', async () => {
  const { job } = await dumpWith({ tamper: (bytes) => bytes.subarray(0, bytes.length - 1468) }, { ...boot, via: 'tftp' })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'link/garbled' } })
  expect(job.error?.message).toContain('instead of 262144')
})

test('a byte that changes on the way is found, and sent again', async () => {
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, index) => (index === 70_000 ? byte ^ 4 : byte))
  const { job } = await dumpWith({ tamper: (bytes, count) => (count === 1 ? flip(bytes) : bytes) }, { ...boot, via: 'tftp' })
  expect(job.verdict).toBe('dumped and verified')
  expect(notesOf(job)).toContain('arrived with other bytes than the camera sent; trying again')
  const { job: never } = await dumpWith({ tamper: flip }, { ...boot, via: 'tftp' })
  expect(never).toMatchObject({ state: 'failed', error: { code: 'link/garbled' } })
})

for (const via of ['tftp', 'md'] as const) {
  test(`a full disk, by ${via}, is an error and no shorter dump`, async () => {
    let written = 0
    const { job } = await dumpWith({
      disk: (output) => ({ ...output, file: async (name) => {
        const file = await output.file(name)
        return { ...file, write: async (at, bytes, signal) => {
          written += bytes.length
          if (written > 100_000) throw new WorkbenchError('host/disk-full', 'There is no room')
          await file.write(at, bytes, signal)
        } }
      } }),
    }, { ...boot, via })
    expect(job).toMatchObject({ state: 'failed', error: { code: 'host/disk-full' } })
  })
}

test('a disk too small for this flash is told before anything is read', async () => {
  const { job, rig } = await dumpWith({ disk: (output) => ({ ...output, freeBytes: async () => 1_000_000 }) })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'host/disk-full', context: { neededBytes: 0x1000000 } } })
  expect(rig.pod.camera.commands.some((line) => line.startsWith('sf read'))).toBe(false)
})

test('a disk that gives back other bytes: the dump gets no name', async () => {
  const { job } = await dumpWith({
    disk: (output) => ({ ...output, file: async (name) => {
      const file = await output.file(name)
      return { ...file, read: async (at, length, signal) => (await file.read(at, length, signal)).map((byte, index) => (index === 9 ? byte ^ 1 : byte)) }
    } }),
  }, { ...boot, via: 'tftp' })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'host/io' } })
})

test('something at the output path by the time the dump is whole: it stays as it is', async () => {
  const rig = await openDumpRig()
  const outputPath = join(rig.folder, 'flash.bin')
  rig.jobs.listen((_job, event) => { if (event.type === 'phase-started' && event.phase === 'read') void rig.clock.whileReal(writeFile(outputPath, 'precious')) })
  const job = await rig.dump({ form: 'image', outputPath })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'input/conflict' } })
  expect(await readFile(outputPath, 'utf8')).toBe('precious')
  expect(await readdir(rig.folder)).toEqual(['flash.bin'])
})

for (const command of ['sf-probe', 'sf-read', 'crc32', 'mw.l', 'md.b', 'tftpput', 'setenv']) {
  test(`command-error in ${command}: said, and nothing is called a dump`, async () => {
    const { job } = await dumpWith({ faults: [`command-error:${command}`] }, { ...boot, via: command === 'md.b' ? 'md' : 'tftp' })
    expect(job.state).toBe('failed')
  })
}

for (const [fault, code] of [['unknown-chip-answers', 'device/wrong-identity'], ['no-prompt', 'device/no-answer'], ['fastboot-fails:spl', 'pod/boot-failed']] as const) {
  test(`${fault}: ${code}, and nothing was read`, async () => {
    const { job, rig } = await dumpWith({ faults: [fault] })
    expect(job).toMatchObject({ state: 'failed', error: { code } })
    expect(rig.pod.camera.commands.some((line) => line.startsWith('sf read'))).toBe(false)
    expect(await hidden(rig)).toEqual([])
  })
}

for (const [via, all] of [['tftp', [800, 1100, 1500, 1700, 1900]], ['md', [1500, 1900, 2500, 4000, 50_000]]] as const) {
  for (const afterBytes of all) {
    test(`bridge-drop after ${afterBytes} bytes, by ${via}: the line is opened again and the dump is true`, async () => {
      const { job } = await dumpWith({ faults: [`bridge-drop:${afterBytes}`] }, { ...boot, via })
      expect(job.verdict).toBe('dumped and verified')
      expect(notesOf(job)).toContain('connected again')
    })
  }
}

for (const every of [3_000, 20_000]) {
  for (const kind of ['console-garbage', 'console-loss']) {
    test(`${kind} every ${every} bytes: blocks are printed again until they are true`, async () => {
      const { job } = await dumpWith({ faults: [`${kind}:${every}`] }, { partition: 'env', via: 'md', mtdparts: 'x:64k@0x0(env)' })
      expect(['dumped and verified', 'failed (state known)']).toContain(job.verdict)
      if (every >= 20_000) {
        expect(job.error).toBeUndefined()
        expect(job.verdict).toBe('dumped and verified')
        expect(job.phases.find(({ name }) => name === 'read')?.note).not.toContain(' 0 blocks again')
      }
    })
  }
}

test('a digit that is another one: the line looks whole, and the CRC over its block says that it is not', async () => {
  const { job } = await dumpWith({ faults: ['console-digits:40000'] }, { ...boot, via: 'md' })
  expect(job.error).toBeUndefined()
  expect(job.phases.find(({ name }) => name === 'read')?.note).toMatch(/ [1-9]\d* blocks again/)
})

test('a camera that has restarted behind a lost line: its RAM is filled anew before anything of it is believed', async () => {
  const rig = await openDumpRig({ speed: 'real' })
  let isCut = false
  rig.jobs.listen((_job, event) => {
    if (isCut || event.type !== 'phase-progressed' || !event.step.startsWith('printing') || event.doneBytes < 20_000) return
    isCut = true
    rig.pod.bridge.closeClient()
    void rig.pod.pod.power('cycle', new AbortController().signal)
  })
  const job = await rig.dump({ ...boot, via: 'md' })
  await expectHonest(rig, job)
  expect(job.error).toBeUndefined()
  expect(notesOf(job)).toContain('connected again')
  expect(rig.pod.camera.commands.filter((line) => line.startsWith('sf read')).length).toBeGreaterThanOrEqual(3)
})

test('a line that is never whole: the dump ends after bounded tries and keeps what is proved', async () => {
  const { job, rig } = await dumpWith({ faults: ['console-loss:900'] }, { ...boot, via: 'md' })
  expect(job.state).toBe('failed')
  expect(job.error?.code).toMatch(/^link\//)
  expect(rig.pod.camera.commands.length).toBeLessThan(200)
})

async function cancelWhen(options: DumpRigOptions, request: Parameters<DumpRig['dump']>[0], when: (event: JobEvent) => boolean): Promise<{ readonly rig: DumpRig; readonly job: Job }> {
  const rig = await openDumpRig(options)
  const id = await rig.startDump(request)
  rig.jobs.listen((told, event) => { if (told.id === id && when(event)) rig.jobs.cancel(id) })
  const job = await rig.finish(id)
  await expectHonest(rig, job)
  return { rig, job }
}

test('cancelled while it is sent: nothing is left', async () => {
  const { job, rig } = await cancelWhen({ speed: 'real' }, { via: 'tftp' }, (event) => event.type === 'phase-progressed' && event.phase === 'read')
  expect(job.state).toBe('cancelled')
  expect(await hidden(rig)).toEqual([])
})

test('cancelled at every third event: always a clean end', async () => {
  for (let at = 1; at < 24; at += 3) {
    let seen = 0
    const { job } = await cancelWhen({}, { partition: 'env' }, () => (seen += 1) === at)
    expect(['cancelled', 'succeeded']).toContain(job.state)
  }
})

const printed = (rig: DumpRig): number => rig.pod.camera.commands.filter((line) => line.startsWith('md.b')).length

test('a dump by md that was cancelled goes on where it was, after each block was proved again', async () => {
  let blocks = 0
  const { job, rig } = await cancelWhen({ speed: 'real' }, { ...boot, via: 'md' }, (event) => event.type === 'phase-progressed' && event.step.startsWith('printing') && (blocks += 1) > 20)
  expect(job.state).toBe('cancelled')
  expect(notesOf(job)).toContain('the same dump goes on from there')
  const [kept] = await hidden(rig)
  expect(kept).toBe('.dump.folder.rackbench-partial')
  expect(await readdir(join(rig.folder, kept ?? ''))).toEqual(['mtd0'])
  const before = printed(rig)
  const plan = await rig.planDump({ ...boot, via: 'md' })
  expect(plan.output.keptBytes).toBeGreaterThan(0)
  expect(plan.warnings.join()).toContain('each block is compared with the camera')
  const again = await rig.dump({ ...boot, via: 'md' })
  await expectHonest(rig, again)
  expect(again.verdict).toBe('dumped and verified')
  const fresh = await dumpWith({}, { ...boot, via: 'md' })
  // The sector it was cancelled in is begun anew, the ones before it are not.
  expect(before).toBeGreaterThan(18)
  expect(printed(rig) - before).toBeLessThanOrEqual(printed(fresh.rig) - 16)
  expect(await readdir(rig.folder)).toEqual(['dump'])
})

test('what an earlier try left is believed only where the camera has the same', async () => {
  const rig = await openDumpRig()
  const kept = join(rig.folder, '.dump.folder.rackbench-partial')
  await mkdir(kept)
  const bytes = Buffer.from(rig.pod.camera.cells.slice(0, 0x40000))
  bytes[0x12345] = (bytes[0x12345] ?? 0) ^ 1
  await writeFile(join(kept, 'mtd0'), bytes)
  await writeFile(join(kept, 'mtd7'), 'of another table')
  const job = await rig.dump({ ...boot, via: 'md' })
  expect(job.verdict).toBe('dumped and verified')
  await expectHonest(rig, job)
  // One sector of 64 KiB was wrong; its 16 blocks were printed, and no other.
  expect(printed(rig)).toBe(16)
  expect(await readdir(join(rig.folder, 'dump'))).toEqual(['dump.json', 'mtd0'])
})

test('words in the flash are contents, whatever they say', async () => {
  const rig = await openDumpRig()
  const text = new TextEncoder().encode('ERROR\0failed to \0not erased\0Abort\0Usage: sf \n## Error\nOpenIPC # ')
  rig.jobs.listen((_job, event) => { if (event.type === 'phase-started' && event.phase === 'read') rig.pod.camera.cells.set(text, 0x40) })
  const job = await rig.dump({ ...boot, via: 'md' })
  expect(job.verdict).toBe('dumped and verified')
  expect(job.phases.find(({ name }) => name === 'read')?.note).toContain(' 0 blocks again')
  await expectHonest(rig, job)
})
