// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import type { RegistryNode } from '../../src/shared/ota/registry.schema.ts'
import { until } from './memoryLink.ts'
import { all, button, fill, press, rack, text } from './page.ts'

const firmwareCalls = (calls: readonly string[]): readonly string[] => calls.filter((call) => call.startsWith('firmware'))
const rows = (): readonly string[] => all('[aria-label="Nodes"] tbody tr').map((row) => (row.textContent ?? '').replace(/\s+/g, ' ').trim())
async function openUpdates(options: Parameters<typeof rack>[0] = {}): ReturnType<typeof rack> {
  const bench = await rack(options)
  button('Updates').click()
  await until('the view', () => text().includes('Door for nodes') && !text().includes('Reading the nodes'))
  return bench
}
const inDialog = (name: string): HTMLButtonElement => all('dialog button').find((each) => each.textContent?.trim() === name) as HTMLButtonElement
function tick(words: string): void {
  const box = all('label').find((label) => label.textContent?.includes(words))?.querySelector('input')
  if (!box) throw new Error(`no tick ${words}`)
  box.checked = true
  box.dispatchEvent(new Event('change', { bubbles: true }))
}

test('a rollout: each node with its state and why, the counts, the plot; a node that goes on is followed', async () => {
  const { fixture } = await openUpdates()
  await until('the nodes', () => rows().length === 20)
  expect(text()).toContain('Rollout of 1.1.0')
  expect(text()).toContain('80 % of the nodes, 20 have asked')
  expect(rows().find((row) => row.startsWith('node-17'))).toMatch(/1\.0\.0\s?fell back\s?It ran 1\.1\.0 and went back to 1\.0\.0\s?1\.1\.0/)
  expect(rows().find((row) => row.startsWith('node-18'))).toContain('will never take itIt runs 2.0.0-rc1, and a node never goes back to 1.1.0')
  expect(document.querySelector('[aria-label="Nodes over time"] svg')?.getAttribute('aria-label')).toBe('20 nodes: 3 waiting, 2 fetching, 2 pending, 9 running, 1 fell back')
  expect(document.querySelectorAll('[aria-label="Nodes over time"] path')).toHaveLength(5)

  const node = fixture.registry.nodes.get('node-10')!
  const after: RegistryNode = { ...node, phase: 'running', why: '', confirmed: 'confirmed' }
  fixture.registry.tell(after)
  await until('it runs', () => rows().some((row) => row.startsWith('node-10') && row.includes('running')))
  const before = document.querySelector('[aria-label="Nodes over time"] path.running')?.getAttribute('d')
  fixture.registry.change((view) => ({ ...view, rollouts: view.rollouts.map((rollout) => ({ ...rollout, counts: { ...rollout.counts, running: 10, pending: 1 }, points: [...rollout.points, { ...rollout.points.at(-1)!, atMs: 1_795_000_000_000, running: 10, pending: 1 }] })) }))
  await until('the counts', () => button(/^10\s*running$/).textContent !== '')
  expect(document.querySelector('[aria-label="Nodes over time"] path.running')?.getAttribute('d')).not.toBe(before)
})

test('a count shows only the nodes that are so, and shows all again', async () => {
  await openUpdates()
  await until('the nodes', () => rows().length === 20)
  button(/fell back$/).click()
  await until('one', () => rows().length === 1 && rows()[0]?.startsWith('node-17') === true)
  button(/fell back$/).click()
  await until('all', () => rows().length === 20)
})

test('what would leave a node waiting is said before it is published, and wants a word', async () => {
  const { fixture } = await openUpdates()
  fixture.registry.warnings = [{ kind: 'suffix-only', nodes: 9, words: '9 nodes will never take 1.2.0-watchdog: they look at the three numbers alone' }]
  button('Publish').click()
  await until('the warning', () => text().includes('9 nodes will never take 1.2.0-watchdog'))
  expect(inDialog('Publish 1.2.0-watchdog').disabled).toBe(true)
  expect(firmwareCalls(fixture.calls)).toEqual([])
  fill('Share of the nodes', '25')
  fill('Only these groups', 'lab, attic')
  tick('Publish it all the same')
  await until('it may', () => !inDialog('Publish 1.2.0-watchdog').disabled)
  inDialog('Publish 1.2.0-watchdog').click()
  await until('it is published', () => text().includes('1.2.0-watchdog is published on stable'))
  expect(firmwareCalls(fixture.calls)).toEqual(['firmware publish demo-node stable 1.2.0-watchdog 25 lab+attic'])
  expect(text()).toContain('For 25 % of the nodes in lab, attic')
})

test('a release is withdrawn by its version, typed, and by nothing less; not when another came meanwhile', async () => {
  const { fixture } = await openUpdates()
  button('Withdraw').click()
  await until('the question', () => text().includes('To withdraw it, type 1.1.0'))
  const field = document.querySelector<HTMLInputElement>('#withdraw-version')!
  expect(field.value).toBe('')
  for (const [typed, isOff] of [['1.1', true], ['1.1.0', false]] as const) {
    fill('To withdraw it', typed)
    await until(typed, () => button('Withdraw 1.1.0').disabled === isOff)
  }
  const before = fixture.registry.view()
  fixture.registry.change((view) => ({ ...view, channels: view.channels.map((each) => (each.current ? { ...each, current: { ...each.current, version: '1.2.0' } } : each)) }))
  await until('it says so', () => text().includes('Something else was published meanwhile') && button('Withdraw 1.1.0').disabled)
  fixture.registry.change(() => before)
  await until('as before', () => !button('Withdraw 1.1.0').disabled)
  button('Withdraw 1.1.0').click()
  await until('nothing is published', () => text().includes('nodes that ask are told so and keep what they have') && text().includes('No rollout'))
  expect(firmwareCalls(fixture.calls)).toEqual(['firmware withdraw demo-node stable'])
})

test('the door is closed and opened with a button; its token is sent and never shown', async () => {
  const { fixture } = await openUpdates()
  button('Close the door').click()
  await until('closed', () => text().includes('Open the door'))
  button('Address and token').click()
  await until('the form', () => document.querySelector('#door-token') !== null)
  expect(document.querySelector<HTMLInputElement>('#door-token')?.type).toBe('password')
  expect(document.querySelector<HTMLInputElement>('#door-token')?.value).toBe('')
  fill('Address of this machine', '10.0.4.1')
  await until('who reaches it', () => text().includes('Every machine of that network can fetch images there'))
  fill('Token for uploads', 'secret')
  button('Open it there').click()
  await until('open', () => text().includes('http://10.0.4.1:8080/api/v1/firmware/latest') && document.querySelector('#door-token') === null)
  expect(firmwareCalls(fixture.calls)).toEqual(['firmware door closed 127.0.0.1:8080', 'firmware door open 10.0.4.1:8080 token'])
  fixture.registry.change((view) => ({ ...view, door: { ...view.door, state: 'failed', problem: 'port 8080 is in use' } }))
  await until('the reason', () => text().includes('The door stays closed: port 8080 is in use'))
})

test('nothing yet: what to do is said, and an image is added from there', async () => {
  const { fixture } = await openUpdates({ isNew: true })
  expect(text()).toContain('No firmware yet')
  expect(text()).toContain('Open the demo with 20 nodes')
  button('Add an image').click()
  await until('the form', () => document.querySelector('#image-path') !== null)
  fill('Image, on the machine', '/home/lab/fw.bin')
  fill('Version', '1.3.0')
  await until('it may', () => !inDialog('Add the image').disabled)
  inDialog('Add the image').click()
  await until('it is kept', () => text().includes('esp32-csi-node 1.3.0 is kept'))
  expect(firmwareCalls(fixture.calls)).toEqual(['firmware add /home/lab/fw.bin esp32-csi-node 1.3.0'])
  expect(text()).toContain('Images of esp32-csi-node')
})

test('the view and its dialogs are reached with keys and from the palette', async () => {
  await rack()
  press('7', document.body, { altKey: true, code: 'Digit7' })
  await until('the view', () => text().includes('Rollout of 1.1.0'))
  press('k', document.body, { ctrlKey: true, code: 'KeyK' })
  await until('the palette', () => document.querySelector('[role="combobox"]') !== null)
  const input = document.querySelector<HTMLInputElement>('[role="combobox"]')!
  input.value = 'withdraw firmware'
  input.dispatchEvent(new Event('input', { bubbles: true }))
  await until('found', () => all('[role="option"]').some((each) => each.textContent?.includes('Withdraw firmware')))
  press('Enter', input)
  await until('the question', () => text().includes('To withdraw it, type 1.1.0'))
})

test('the group of a node is set where the node stands', async () => {
  const { fixture } = await openUpdates()
  await until('the nodes', () => rows().length === 20)
  button('Group of node-05: none').click()
  await until('the form', () => document.querySelector('#node-group') !== null)
  fill('Group', 'attic')
  button('Set the group').click()
  await until('it is set', () => fixture.calls.includes('firmware group node-05 attic') && document.querySelector('#node-group') === null)
})
