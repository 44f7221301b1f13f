import fc from 'fast-check'
import { expect, test } from 'vitest'
import { podIdSchema } from '../../../shared/devices/ids.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import { numbered, plan, provedPartitions, queuedEvent } from '../../../../test/support/planFixture.ts'
import { foldEvents } from '../jobs/foldEvents.ts'
import { renderReportHtml } from './reportHtml.ts'
import { renderReportJson } from './reportJson.ts'
import { durationText, escaped, wallText } from './reportText.ts'

const done = foldEvents(numbered('j1', [
  { type: 'job-started' }, { type: 'phase-started', phase: 'fastboot' }, { type: 'phase-finished', phase: 'fastboot', elapsedMs: 25_700, note: '7 markers' },
  ...provedPartitions.map((partition) => ({ type: 'partition-changed', partition }) as const),
  { type: 'console-excerpt', text: 'openipc login: ' }, { type: 'job-succeeded', verdict: 'restored and booted', elapsedMs: 74_000 },
])) as Job

test('the report tells verdict, CRCs, phases and console, and needs nothing from outside', () => {
  const html = renderReportHtml(done)
  for (const part of ['restored and booted', '11111111', 'written, proved', '25.7 s', '1 min 14.0 s', 'openipc login:', "default-src 'none'"]) expect(html).toContain(part)
  expect(html).not.toMatch(/<script|<link|<img|<iframe|url\(|@import|\son\w+=|https?:/i)
})

test.each([
  ['pod-1', 'Pod', 'pod-1 (p1)'], ['roof', 'Pod', 'roof (p1)'], ['/dev/ttyUSB0', 'Serial port', '/dev/ttyUSB0'], ['desk (usb://0403:6001/A1)', 'Serial port', 'desk (usb://0403:6001/A1)'],
  ['COM3', 'Serial port', 'COM3'], ['rfc2217://10.0.0.5:2217', 'RFC 2217', 'rfc2217://10.0.0.5:2217'], ['desk (tcp://10.0.0.5:2000)', 'TCP', 'desk (tcp://10.0.0.5:2000)'], ['socket:///tmp/s', 'Socket', 'socket:///tmp/s'],
])('%s is named as what it is: %s', (podName, word, text) => {
  if (done.workflow !== 'restore') throw new Error('another job')
  expect(renderReportHtml({ ...done, pod: podIdSchema.parse('p1'), plan: { ...done.plan, podName } })).toContain(`<dt>${word}</dt><dd class="mono">${text}</dd>`)
})

test('the map is to scale: a quarter of the chip is a quarter of the width', () => {
  // boot: 0x40000 of 0x100000 from 0; kernel: 0x20000 from 0x40000. The map is 960 wide.
  expect(renderReportHtml(done)).toMatch(/x="0" y="20" width="240" height="36"><title>boot.*x="240" y="20" width="120" height="36"><title>kernel/s)
})

test('a partition without the CRC that was read back is never shown as proved', () => {
  const [kernel, boot] = provedPartitions
  const { readBackCrc32: _, ...unseen } = boot!
  const html = renderReportHtml({ ...done, partitions: [{ ...kernel!, readBackCrc32: 'deadbeef' }, unseen] })
  expect(html).not.toContain('● written, proved')
  expect(html).toContain('not seen')
  expect(html).toContain('✖ proved')
})

test('hostile text is text: title, names, notes, errors, console', () => {
  const evil = `</pre><script>alert(1)</script>"'\`&<img src=x onerror=alert(1)>\u202e\u001b[31m`
  const job: Job = {
    ...foldEvents([queuedEvent('j1')])!, workflow: 'restore', title: evil, consoleExcerpt: evil, leftBehind: [evil], undone: [evil], verdict: 'failed (state unknown)', state: 'failed',
    error: { code: 'internal/bug', message: evil, context: {}, hint: evil }, notes: [{ atMs: 0, level: 'warning', message: evil }],
    plan: { ...plan, cameraName: evil, podName: evil, chip: evil, warnings: [evil], input: { ...plan.input, path: evil, sha256: evil }, tftp: { ...plan.tftp, reason: evil }, phases: plan.phases.map((each) => ({ ...each, title: evil })) },
    partitions: provedPartitions.map((each) => ({ ...each, name: evil, crc32: evil, readBackCrc32: evil })),
    phases: plan.phases.map(({ name }) => ({ name, state: 'finished', note: evil })),
  }
  const html = renderReportHtml(job)
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  expect(html).not.toMatch(/<script|<img|alert\(1\)<\/|\u202e|\u001b/i)
  expect(html.match(/<\/pre>/g)).toHaveLength(1)
  expect(JSON.parse(renderReportJson(job))).toMatchObject({ format: 1, title: evil })
})

test('no text gets out of its place', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => { expect(escaped(text)).not.toMatch(/[<>"'`]|&(?!#\d+;)/) }))
})

test('times are those of the calendar', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
    expect(wallText(ms)).toBe(new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC'))
  }))
  expect(durationText(90_500)).toBe('1 min 30.5 s')
})
