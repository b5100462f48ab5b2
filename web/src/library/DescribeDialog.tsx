import { useState } from "react";
import { useDescribe, type AboutImage, type LibraryImage } from "../api/library";
import { OrderDialog } from "../shell/OrderDialog";
import { t } from "../words/i18n";
import { AboutFields } from "./AboutFields";

export default function DescribeDialog({ image, onClose }: { image: LibraryImage; onClose: () => void }) {
  const describe = useDescribe();
  const { Name, Description, KernelFamily, Firmware, Seed, Proofs } = image;
  const [about, setAbout] = useState<AboutImage>({
    Name,
    KernelFamily,
    Firmware,
    Seed,
    Proofs,
    ...(Description && { Description }),
  });
  return (
    <OrderDialog
      kind="describe"
      title={t("What is said of {{name}}", { name: image.Id })}
      description={t("To replace the image itself, delete it and add the new one.")}
      action={t("Save")}
      refused={t("It was not changed")}
      isReady
      order={describe}
      onSubmit={() => describe.mutate({ image, about }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <AboutFields value={about} onChange={setAbout} />
    </OrderDialog>
  );
}
