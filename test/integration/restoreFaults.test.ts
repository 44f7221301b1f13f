import { afterEach, expect, test } from 'vitest'
import { referenceLayoutImages } from '../../src/main/sim/referenceLayout.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { cellsHold, createRig, type Rig, type RigOptions, type RigRequest } from '../support/restoreRig.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })

async function restoreWith(faults: readonly string[], options: RigOptions = {}, request: RigRequest = {}): Promise<{ readonly job: Job; readonly rig: Rig; readonly stagingNotes: readonly string[] }> {
  rig = createRig({ ...options, faults })
  const stagingNotes: string[] = []
  rig.jobs.listen((_job, event) => { if (event.type === 'staging-progressed' && event.note !== '') stagingNotes.push(event.note) })
  return { job: await rig.restore(request), rig, stagingNotes }
}

/** Every way out leaves the rack as it was found. */
function expectTidy({ pod, leases, console }: Rig, job: Job): void {
  expect(pod.staged()).toEqual([])
  expect(leases.holderOf('pod-1')).toBeUndefined()
  expect(console.stats().state).not.toBe('lent')
  expect(job.leftBehind).toEqual([])
}

/** What no path may do: claim success for a partition whose read-back CRC was not seen, or for cells that hold something else. */
function expectHonest({ pod }: Rig, job: Job): void {
  if (job.verdict?.startsWith('restored') !== true) return
  expect(cellsHold(pod, job, referenceLayoutImages())).toBe(true)
  for (const part of job.partitions) expect(part.readBackCrc32).toBe(part.crc32)
}

const untouched = (job: Job): boolean => job.partitions.every(({ writes }) => writes === 0)

test('flash-page-wrong: a page that is silently wrong is written once more, then failed with the place', async () => {
  const { job, rig: { pod } } = await restoreWith(['flash-page-wrong:0x51000'])
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-content', context: { partition: 'mtd2', firstWrongOffset: 0x51000 } } })
  expect(job.partitions.find(({ name }) => name === 'mtd2')).toMatchObject({ state: 'mismatch', writes: 2 })
  // Boot is never written after a failure, and a failed camera is not reset.
  expect(job.partitions.find(({ name }) => name === 'mtd0')).toMatchObject({ writes: 0 })
  expect(pod.camera.commands).not.toContain('reset')
})

test('flash-page-wrong, once: the rewrite heals it and the report says so', async () => {
  const { job, rig } = await restoreWith(['flash-page-wrong:0x51000#1'])
  expect(job.verdict).toBe('restored and booted')
  expect(job.partitions.find(({ name }) => name === 'mtd2')).toMatchObject({ state: 'proved', writes: 2 })
  expect(job.notes.map(({ message }) => message).join()).toContain('writing it once more')
  expectHonest(rig, job)
})

test('read-back-stale: a read that copies nothing cannot pass the fetched image off as flash', async () => {
  const { job } = await restoreWith(['read-back-stale'])
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
})

test('read-back-stale on the second restore: RAM that still holds the image proves nothing', async () => {
  const { rig, job: first } = await restoreWith(['ram-survives'])
  expect(first.verdict).toBe('restored and booted')
  rig.pod.addFault('read-back-stale')
  const second = await rig.restore()
  expect(second.verdict).not.toBe('restored and booted')
  expect(second.partitions.some(({ state }) => state === 'unchanged')).toBe(false)
})

test('tftp-loss: lost blocks cost time only', async () => {
  const { job, rig } = await restoreWith(['tftp-loss:1'])
  expect(job.verdict).toBe('restored and booted')
  expectHonest(rig, job)
})

test('tftp-stall: the fetch fails with U-Boot\'s words, nothing was erased', async () => {
  const { job, rig } = await restoreWith(['tftp-stall'])
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/no-network' } })
  expect(job.error?.message).toContain('Retry count exceeded')
  expect(untouched(job)).toBe(true)
  expect(rig.pod.camera.flashTouched).toBe(false)
  expectTidy(rig, job)
})

for (const afterBytes of [400, 1500, 2500, 3200, 4000, 4600]) {
  test(`bridge-drop after ${afterBytes} bytes: the line is opened again and the restore goes on`, async () => {
    const { job, rig } = await restoreWith([`bridge-drop:${afterBytes}`])
    expect(job.verdict).toBe('restored and booted')
    expectHonest(rig, job)
    expectTidy(rig, job)
  })
}

test('bridge-drop that never stops: a clear end, and no claim', async () => {
  const { job, rig } = await restoreWith(['bridge-drop:300#1000'])
  expect(job.state).toBe('failed')
  expect(job.error?.code).toMatch(/^link\//)
  expectTidy(rig, job)
})

test('bridge-idle: a long command keeps the bridge awake, and waiting for the staging survives its end', async () => {
  const { job, rig } = await restoreWith(['bridge-idle:21', 'flash-slow:10'], { speed: 'real' })
  expect(job.verdict).toBe('restored and booted')
  expectHonest(rig, job)
})

for (const every of [100, 150, 400, 1500]) {
  test(`console-garbage every ${every} bytes: restored and true, or failed and said`, async () => {
    const { job, rig } = await restoreWith([`console-garbage:${every}`])
    expectHonest(rig, job)
    if (job.state === 'failed') expect(job.error?.code).toMatch(/^(link|device)\//)
    // This rare, asking again is enough.
    if (every >= 150) expect(job.verdict).toBe('restored and booted')
    expectTidy(rig, job)
  })
}

test('pod-oom: the refusal names the room, nothing was erased', async () => {
  const { job, rig, stagingNotes } = await restoreWith(['pod-oom'])
  expect(stagingNotes.join()).not.toContain('trying again')
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'pod/no-room' } })
  expect(rig.pod.camera.flashTouched).toBe(false)
  expectTidy(rig, job)
})

for (const slots of [1, 2]) {
  test(`pod-slots ${slots}: staging waits for a free slot`, async () => {
    const { job, rig, stagingNotes } = await restoreWith([`pod-slots:${slots}`])
    expect(job.verdict).toBe('restored and booted')
    expect(stagingNotes.join()).not.toContain('trying again')
    if (slots === 1) expect(stagingNotes.join()).toContain('waiting until a file is used')
    expectHonest(rig, job)
    expectTidy(rig, job)
  })
}

test('stale-staged-files: leftovers of an aborted run are dropped before staging', async () => {
  const { job, rig } = await restoreWith(['stale-staged-files'])
  expect(job.verdict).toBe('restored and booted')
  expect(job.plan).toMatchObject({ tftp: { via: 'pod' } })
  expectTidy(rig, job)
})

for (const phase of ['frame_for_start', 'prestep0', 'ddrstep0', 'spl', 'agent']) {
  test(`fastboot-fails in ${phase}: the phase is named, the camera is powered again, nothing was erased`, async () => {
    const { job, rig } = await restoreWith([`fastboot-fails:${phase}`])
    expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'pod/boot-failed', context: { failedPhase: phase } } })
    expect(job.undone).toContain('power the camera again after the broken-off upload')
    expect(rig.pod.camera.flashTouched).toBe(false)
    expectTidy(rig, job)
  })
}

test('pod-restarts: an upload without an answer is no U-Boot, the camera is powered again, and the next restore goes through', async () => {
  const { job, rig } = await restoreWith(['pod-restarts'])
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'link/closed' } })
  expect(job.undone).toContain('power the camera again after the broken-off upload')
  expect(rig.pod.camera).toMatchObject({ power: 'on', flashTouched: false })
  expectTidy(rig, job)
  expect((await rig.restore()).verdict).toBe('restored and booted')
})

test('power-cut-mid-write: the restart is seen, the state is called unknown, and the next restore heals it', async () => {
  const { job, rig } = await restoreWith(['power-cut-mid-write'])
  expect(job).toMatchObject({ verdict: 'failed (state unknown)', error: { code: 'device/no-answer', context: { restarted: true } } })
  expectTidy(rig, job)
  const again = await rig.restore()
  expect(again.verdict).toBe('restored and booted')
  expectHonest(rig, again)
})

test('no-crc32: without a CRC nothing can be proved, so nothing is touched', async () => {
  const { job, rig } = await restoreWith(['no-crc32'])
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/unknown-command' } })
  expect(rig.pod.camera.flashTouched).toBe(false)
})

for (const command of ['sf-probe', 'sf-read', 'crc32', 'tftpboot', 'setenv', 'mw.l']) {
  test(`command-error in ${command}: U-Boot's own words, flash untouched`, async () => {
    const { job, rig } = await restoreWith([`command-error:${command}`])
    expect(job.state).toBe('failed')
    expect(untouched(job)).toBe(true)
    expect(rig.pod.camera.flashTouched).toBe(false)
    expectTidy(rig, job)
  })
}

for (const command of ['sf-erase', 'sf-write']) {
  test(`command-error in ${command}: an error text is a failure, and the flash is asked what it holds`, async () => {
    const { job, rig } = await restoreWith([`command-error:${command}`])
    expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/refused' } })
    expect(job.error?.message).toContain('ERROR')
    expect(rig.pod.camera.commands).not.toContain('reset')
    expectTidy(rig, job)
  })
}

test('no-prompt: what the camera said instead is in the error', async () => {
  const { job, rig } = await restoreWith(['no-prompt'])
  expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/no-answer' } })
  expect(job.error?.context['consoleTail']).toContain('U-Boot')
  expectTidy(rig, job)
})

test('boot-loop: every byte is proved, and still it is not called booted', async () => {
  const { job, rig } = await restoreWith(['boot-loop'])
  expect(job).toMatchObject({ state: 'failed', verdict: 'restored, boot not seen', error: { code: 'device/not-booted' } })
  expectHonest(rig, job)
})

test('silent-after-reset: an old login prompt in a buffer is no proof of boot', async () => {
  const { job } = await restoreWith(['silent-after-reset'])
  expect(job).toMatchObject({ state: 'failed', verdict: 'restored, boot not seen' })
})

test('pod-busy-while-uart: staging waits for the boot ROM and says so', async () => {
  // The second file is refused as long as the boot ROM is fed, which is longer than any retry is patient.
  const part = (index: number, lengthBytes: number): { name: string; bytes: Uint8Array } => ({ name: `mtd${index}`, bytes: new Uint8Array(lengthBytes).fill(index + 1) })
  const images = [part(0, 0x40000), part(1, 0x10000), part(2, 0x180000), part(3, 0x140000)]
  const { job, rig, stagingNotes } = await restoreWith(['pod-busy-while-uart'], { speed: 'real' }, { images })
  expect(stagingNotes.join()).toContain('does not serve while it works on the UART')
  for (const { name, state, readBackCrc32, crc32 } of job.partitions) expect([name, state, readBackCrc32]).toEqual([name, 'proved', crc32])
  expect(cellsHold(rig.pod, job, images)).toBe(true)
})

test('a pod that has forgotten what was staged: the fetch fails in words, nothing was erased', async () => {
  const forgetful = createRig({})
  rig = forgetful
  // As after a restart of the pod between staging and fetching.
  forgetful.jobs.listen((_job, event) => { if (event.type === 'phase-started' && event.phase === 'fetch:0') void forgetful.pod.pod.clear(new AbortController().signal) })
  const job = await forgetful.restore({})
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)' })
  expect(job.error?.message).toContain('File not found')
  expect(untouched(job)).toBe(true)
  expect(forgetful.pod.camera.flashTouched).toBe(false)
  expectTidy(forgetful, job)
})

test('autoboot-missed: U-Boot is loaded once more', async () => {
  const { job } = await restoreWith(['autoboot-missed'])
  expect(job.verdict).toBe('restored and booted')
  expect(job.notes.map(({ message }) => message).join()).toContain('once more')
})

test('wrong-flash-size: a chip too small for the plan is refused before anything is written', async () => {
  const images = [...referenceLayoutImages(), { name: 'mtd4', bytes: new Uint8Array(0x100000).fill(7) }]
  const { job, rig } = await restoreWith(['wrong-flash-size:8'], {}, { images: pad(images), request: { tftpVia: 'pod' } })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'input/too-large' } })
  expect(rig.pod.camera.flashTouched).toBe(false)
})

test('unknown-chip-answers: another chip than planned is refused before anything is written', async () => {
  const { job, rig } = await restoreWith(['unknown-chip-answers'])
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-identity' } })
  expect(rig.pod.camera.flashTouched).toBe(false)
})

test('http-slow: a slow pod costs time only', async () => {
  const { job, rig } = await restoreWith(['http-slow:4'])
  expect(job.verdict).toBe('restored and booted')
  expectHonest(rig, job)
})

/** mtd3 is not a whole number of erase blocks; a partition behind it needs it to be. */
function pad(images: readonly { readonly name: string; readonly bytes: Uint8Array }[]): { name: string; bytes: Uint8Array }[] {
  return images.map(({ name, bytes }) => {
    const whole = new Uint8Array(Math.ceil(bytes.length / 0x10000) * 0x10000).fill(0xff)
    whole.set(bytes)
    return { name, bytes: whole }
  })
}
