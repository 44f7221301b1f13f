const key = 'rackbench-token'

/** Reads `#token=…` once, takes it out of the address bar and its history entry, and keeps it for reloads of this tab. */
export function takeToken(page: Pick<Window, 'location' | 'history' | 'sessionStorage'>): string {
  const fields = new URLSearchParams(page.location.hash.replace(/^#/, ''))
  const given = fields.get('token')
  if (given) {
    page.sessionStorage.setItem(key, given)
    fields.delete('token')
    const rest = fields.toString()
    page.history.replaceState(null, '', page.location.pathname + page.location.search + (rest ? `#${rest}` : ''))
  }
  return given ?? page.sessionStorage.getItem(key) ?? ''
}
