import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PodSpec } from '../../src/main/core/rack/rackBook.ts'
import { rackDocument } from '../../src/main/core/rack/rackDocument.ts'
import { planRackImport, type PlannedRack } from '../../src/main/core/rack/rackImport.ts'
import { readLinedYaml, writeYaml } from '../../src/main/drivers/files/yamlText.ts'
import { rackFileSchema } from '../../src/main/drivers/storage/rackFile.ts'
import { parseTransportUrl } from '../../src/main/drivers/transports/transportUrl.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'

let tokens = 0
const plan = (text: string, pods: readonly PodSpec[] = [], keepIds = false): PlannedRack => planRackImport({
  document: readLinedYaml(text), keepIds, pods, maxPods: 1000, newToken: () => `t${String(tokens += 1)}`,
  check: ({ url, chip }) => { parseTransportUrl(url); if (!chip.startsWith('hi')) throw new WorkbenchError('input/not-supported', `Unknown chip "${chip}"`) },
  lineNameOf: (url) => url.toLowerCase(),
})
const problems = (text: string, pods: readonly PodSpec[] = [], keepIds = false): string[] => plan(text, pods, keepIds).view.problems.map(({ line, message }) => `${line}: ${message}`)
const pod = (number: number, more: object = {}): PodSpec => rackFileSchema.shape.pods.unwrap().parse({ id: `pod-${number}`, name: `Pod ${number}`, url: `rack://10.0.0.${number}`, cameraId: `cam-${number}`, cameraName: `Camera ${number}`, chip: 'hi3516ev300', ...more })
const written = (pods: readonly PodSpec[]): string => writeYaml(rackDocument(pods))

const text = (max: number) => fc.string({ maxLength: max, unit: 'grapheme' })
const trimmed = (max: number) => text(max).map((value) => value.trim()).filter((value) => value.length > 0 && value.length <= max)
const label = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/=+-]{0,30}$/)
const inventory = fc.record({
  labels: fc.uniqueArray(label, { maxLength: 5 }), group: trimmed(64), notes: text(300).filter((value) => value.length <= 4000),
  maintenance: fc.option(fc.record({ sinceMs: fc.nat(), note: text(40).filter((value) => value.length <= 400) }), { nil: undefined }),
  place: fc.option(fc.record({ rack: trimmed(20), row: fc.integer({ min: 1, max: 64 }), slot: fc.integer({ min: 1, max: 64 }) }), { nil: undefined }),
}).map(({ maintenance, place, ...said }) => ({ ...said, ...(maintenance ? { maintenance } : {}), ...(place ? { place } : {}) }))
const power = fc.constantFrom({ kind: 'routeros', host: '10.9.9.9', ethernet: 'ether5', tls: true }, { kind: 'routeros', host: 'switch.lab', comment: 'cam: "3"', passwordRef: 'pod-x' }, { kind: 'tasmota', host: '10.9.9.8', relay: 2 }, { kind: 'manual' }, { kind: 'vectis', host: '10.9.9.7' })
const rack = fc.uniqueArray(fc.record({ number: fc.integer({ min: 1, max: 250 }), inventory: fc.option(inventory, { nil: undefined }), power: fc.option(power, { nil: undefined }), name: trimmed(20) }), { maxLength: 6, selector: ({ number }) => number })
  .map((all) => all.map(({ number, name, ...more }) => pod(number, { ...more, url: more.power ? `tcp://10.0.0.${number}:4000` : `rack://10.0.0.${number}`, name: `${name.slice(0, 40)} p`, cameraName: `${number} ${name}`.slice(0, 64).trim() })))

describe('a rack that is written and read again', () => {
  test('changes nothing in the rack it came from, whatever people said', () => {
    fc.assert(fc.property(rack, (pods) => {
      const { view, pods: after } = plan(written(pods), pods)
      expect(view).toMatchObject({ problems: [], added: [], changed: [], untouched: [] })
      expect(rackDocument(after)).toEqual(rackDocument(pods))
      // The password is still the camera's.
      expect(after.map((each) => each.power)).toEqual(pods.map((each) => each.power))
    }), { numRuns: 200 })
  })
  test('is the same on another computer, but for the passwords', () => {
    fc.assert(fc.property(rack, (pods) => {
      const { view, pods: after } = plan(written(pods), [], true)
      expect(view.problems).toEqual([])
      expect(written(after)).toBe(written(pods))
    }), { numRuns: 200 })
  })
  test('undoes whatever was said since', () => {
    fc.assert(fc.property(rack, inventory, (pods, other) => {
      expect(written(plan(written(pods), pods.map((each) => ({ ...each, inventory: other }))).pods)).toBe(written(pods))
    }), { numRuns: 100 })
  })
  test('never holds a password, its reference or a command', () => {
    const all = written([pod(1, { url: 'tcp://10.0.0.1:1', power: { kind: 'routeros', host: '10.9.9.9', ethernet: 'e1', passwordRef: 'ref-of-it' } }), pod(2, { url: 'tcp://10.0.0.2:1', power: { kind: 'command', on: ['curl', 'u:hunter2@x'], off: ['off'] } })])
    expect(all).not.toMatch(/ref-of-it|passwordRef|hunter2|curl/)
    // A command stays where it is when the file comes back.
    const before = [pod(2, { url: 'tcp://10.0.0.2:1', power: { kind: 'command', on: ['on'], off: ['off'] } })]
    expect(plan(written(before), before).pods).toEqual(before)
  })
})

describe('what a file may not do', () => {
  const one = (more: string, camera = ''): string => `rackbench: 1\npods:\n  - address: tcp://10.0.0.1:4000\n    camera:\n      chip: hi3516ev300\n${camera}${more}`
  test('a kept password goes to no other host', () => {
    const before = [pod(1, { url: 'tcp://10.0.0.1:1', power: { kind: 'routeros', host: '10.9.9.9', ethernet: 'ether1', passwordRef: 'secret-1' } })]
    const { pods, view } = plan(written(before).replace('10.9.9.9', '10.6.6.6'), before)
    expect(pods[0]?.power).toMatchObject({ host: '10.6.6.6' })
    expect(pods[0]?.power).not.toHaveProperty('passwordRef')
    expect(view.notes).toEqual([expect.stringContaining('10.6.6.6 has to be entered again')])
    expect(problems(one('    power: { kind: routeros, host: h, ethernet: e, passwordRef: pod-x }\n'))).toEqual([expect.stringMatching(/^6: passwords stay/)])
  })
  test('name a command of this computer', () => {
    expect(problems(one('    power: { kind: command, on: [rm, -rf, /], off: [x] }\n'))).toEqual(['6: commands of this computer are not taken from a file; choose the command in the window'])
  })
  test.each([
    ['', '1: the file is empty'],
    ['rubbish', '1: this is no rack file'],
    ['rackbench: 2\npods: []', '1: rackbench: only 1 is known here'],
    ['rackbench: 1\n', '1: pods: it is missing'],
    ['rackbench: 1\npods: yes\n', '2: pods: a list has to stand here, not text'],
    [one('', '      name: "  "\n'), '6: pods.camera.name: it is empty'],
    [one('', `      name: ${'x'.repeat(65)}\n`), '6: pods.camera.name: 64 letters at most'],
    [one('', '      maintenance: true\n'), '6: pods.camera.maintenance: a block of "key: value" has to stand here, not true or false'],
    [one('    id: "a b"\n'), '6: pods.id: it has letters or signs that do not belong there'],
    [one('    power: { kind: candle }\n'), '6: power.kind: only '],
    ['rackbench: 1\npods:\n  - address: tcp://10.0.0.1:1\n    colour: red\n    camera:\n      chip: hi3516ev300\n', '4: "colour" is no key'],
    [one('', '      nmae: x\n'), '6: "nmae" is no key'],
    [one('', '      labels: qa\n'), '6: pods.camera.labels: a list has to stand here, not text'],
    [one('', '      labels: ["a\\e[2J"]\n'), '6: pods.camera.labels: letters'],
    [one('', '      place: { rack: a, row: 0, slot: 1 }\n'), '6: pods.camera.place.row: 1 at least'],
    [one('', '      notes: 7\n'), '6: pods.camera.notes: text has to stand here, not a number'],
    [one('', '      <<: { name: x }\n'), '6: "<<" is no key'],
    ['rackbench: 1\npods:\n  - camera: {}\n', '3: a new pod needs its address'],
    ['rackbench: 1\npods:\n  - address: tcp://10.0.0.1:1\n    camera: {}\n', '3: a new pod needs the chip'],
    ['rackbench: 1\npods:\n  - address: nowhere\n    camera: { chip: hi3516ev300 }\n', '3: "nowhere" is no port'],
    ['rackbench: 1\npods:\n  - address: tcp://10.0.0.1:1\n    camera: { chip: toaster }\n', '3: Unknown chip "toaster"'],
    [one('    power: { kind: manual, colour: red }\n'), '6: "colour" is no key of a manual power'],
    [one('    power: { kind: routeros }\n'), '6: power.host: it is missing'],
  ])('%j', (given, told) => {
    expect(problems(given)[0]).toContain(told)
    expect(plan(given).pods).toEqual([])
  })
  test('unknown ids are told with their line, and taken over only when asked', () => {
    const file = written([pod(1), pod(7)])
    expect(problems(file, [pod(1)])).toEqual([expect.stringMatching(/^16: this rack has no pod pod-7; leave the id away/)])
    expect(plan(file, [pod(1)]).pods).toEqual([pod(1)])
    expect(plan(file, [pod(1)], true).view).toMatchObject({ problems: [], added: [{ podId: 'pod-7' }], unchanged: [{ podId: 'pod-1' }] })
    expect(problems('rackbench: 1\npods:\n  - camera: { id: cam-9, notes: x }\n', [pod(1)])).toEqual([expect.stringContaining('3: this rack has no camera cam-9')])
    expect(problems('rackbench: 1\npods:\n  - id: pod-1\n    camera: { id: cam-2 }\n', [pod(1), pod(2)])).toEqual([expect.stringContaining('4: the pod pod-1 has the camera cam-1 here')])
  })
  test('ids, names and lines may not stand there twice', () => {
    expect(problems('rackbench: 1\npods:\n  - id: pod-1\n    camera: {}\n  - id: pod-1\n    camera: {}\n', [pod(1)])[0]).toBe('5: the pod id pod-1 stands in this file twice: entries 1 and 2')
    expect(problems('rackbench: 1\npods:\n  - camera: { id: cam-1 }\n  - camera: { id: cam-1 }\n', [pod(1)])[0]).toBe('4: the camera id cam-1 stands in this file twice: entries 1 and 2')
    const two = 'rackbench: 1\npods:\n  - address: tcp://h:1\n    camera: { name: a, chip: hi1 }\n  - address: TCP://H:1\n    camera: { name: a, chip: hi1 }\n'
    expect(problems(two)).toEqual(['3: "tcp://h:1" is the line of a as well', '4: there are two cameras named "a"'])
    expect(problems('rackbench: 1\npods:\n  - address: rack://10.0.0.1\n    camera: { name: b, chip: hi1 }\n', [pod(1)])).toEqual([expect.stringContaining('3: "rack://10.0.0.1" is the line of Camera 1')])
  })
  test('one wrong entry keeps all others out', () => {
    const { pods, view } = plan('rackbench: 1\npods:\n  - id: pod-1\n    camera: { notes: new }\n  - id: pod-9\n    camera: {}\n', [pod(1)])
    expect(view.problems).toHaveLength(1)
    expect(pods).toEqual([pod(1)])
  })
})

describe('YAML that is meant badly', () => {
  const laughs = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index] ?? ''},`.repeat(9)}]`).join('\n')}\n`
  test.each([
    ['a billion laughs', laughs, /^Line 1: the anchor &a is not taken/],
    ['an alias to nowhere', 'rackbench: 1\npods: *x\n', /^Line 2: .*(alias|no YAML)/i],
    ['a merge key', 'base: &b { x: 1 }\npods:\n  - <<: *b\n', /^Line 1: the anchor &b/],
    ['a double key', 'rackbench: 1\npods: []\npods: []\n', /^Line 3: the same key stands there twice/],
    ['two documents', 'rackbench: 1\n---\nrackbench: 1\n', /^Line \d: a second document begins after "---"/],
    ['a tag', 'rackbench: 1\npods: !!js/function "x"\n', /^Line 2: tags are not taken/],
    ['nine hundred levels', `rackbench: 1\npods: ${'['.repeat(900)}${']'.repeat(900)}\n`, /^Line 2: this is nested too deep/],
    ['another kind of file', '%PDF-1.4\n', /^Line \d: this is no YAML: nothing may begin with "%"/],
    ['deep brackets', `rackbench: 1\npods: ${'['.repeat(100_000)}`, /^Line 2: brackets are nested too deep/],
    ['deep lists', `rackbench: 1\npods:\n${'- '.repeat(50_000)}x\n`, /^Line 3: this is indented too deep/],
    ['sixty levels', `rackbench: 1\npods: ${'['.repeat(60)}${']'.repeat(60)}\n`, /^Line 2: this is nested too deep/],
    ['a tab', 'rackbench: 1\n\tpods: []\n', /^Line \d: this is no YAML/],
  ])('%s', (_name, given, told) => {
    expect(() => readLinedYaml(given)).toThrow(told)
  })
  test('any text at all is read or refused in words', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 200 }), fc.array(fc.constantFrom('- ', '  ', 'a: ', '[', ']', '{', '}', '&a ', '*a', '!!x ', '|\n', '"', '\n', '? ', '<<: ', '#', 'rackbench: 1\n', 'pods:\n')).map((parts) => parts.join(''))), (given) => {
      try {
        plan(given, [pod(1)])
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError)
        expect((error as WorkbenchError).message).toMatch(/^Line \d+: /)
      }
    }), { numRuns: 2_000 })
  })
})
