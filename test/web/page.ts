import { afterEach } from 'vitest'
import App from '../../src/renderer/App.vue'
import { type CameraId, cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { type Bench, openBench, until } from './memoryLink.ts'

/** What a person does and sees, by words and labels. */
export const id = (text: string): CameraId => cameraIdSchema.parse(text)
const open: Bench[] = []
export function bench(options: Parameters<typeof openBench>[0] = {}): Bench {
  const made = openBench(options)
  open.push(made)
  return made
}
export const closeAll = (): void => { for (const one of open.splice(0)) one.close() }
afterEach(() => {
  for (const one of open.splice(0)) one.close()
  localStorage.clear()
})

export const all = (selector: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(selector)]
export const text = (): string => (document.body.textContent ?? '').replace(/\s+/g, ' ')
export const card = (name: string): HTMLElement => {
  const found = document.querySelector<HTMLElement>(`[data-camera="${name}"]`)
  if (!found) throw new Error(`no card ${name}`)
  return found
}
export const button = (name: string | RegExp): HTMLButtonElement => {
  const found = all('button').find((one) => (typeof name === 'string' ? one.textContent?.trim() === name || one.getAttribute('aria-label') === name : name.test(one.textContent ?? '')))
  if (!found) throw new Error(`no button ${String(name)}; there are: ${all('button').map((one) => one.textContent?.trim()).join(' | ')}`)
  return found as HTMLButtonElement
}
export const press = (key: string, on: Element = document.activeElement ?? document.body, more: KeyboardEventInit = {}): void => { on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })) }
const field = (label: string): HTMLInputElement => {
  const found = all('label').find((one) => one.textContent?.includes(label))
  const input = found && document.getElementById(found.getAttribute('for') ?? '')
  if (!input) throw new Error(`no field ${label}`)
  return input as HTMLInputElement
}
export function fill(label: string, value: string): void {
  const input = field(label)
  input.value = value
  input.dispatchEvent(new Event('input', { bubbles: true }))
}
export async function rack(options: Parameters<typeof openBench>[0] = {}): Promise<Bench> {
  const made = bench(options)
  // As in a window after its first idle moment: what is opened is there at once, however busy this computer is.
  await Promise.all(Object.values(import.meta.glob('../../src/renderer/{features,ui}/**/*.vue')).map(async (load) => load()))
  made.show(App)
  await until('the rack is shown', () => all('[data-camera]').length > 0)
  return made
}
