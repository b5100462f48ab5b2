/** A rack of two servers; the light of one is on. */
export function Logo() {
  return (
    <span className="lo-logo">
      <svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="#12253f" />
        <rect x="6" y="8" width="20" height="6.5" rx="2" fill="#35557f" />
        <rect x="6" y="17.5" width="20" height="6.5" rx="2" fill="#35557f" />
        <circle cx="22" cy="11.25" r="1.7" fill="#ffd166" />
        <circle cx="22" cy="20.75" r="1.7" fill="#12253f" />
      </svg>
      <span>Lightsout</span>
    </span>
  );
}
