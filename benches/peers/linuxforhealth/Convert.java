import io.github.linuxforhealth.hl7.ConverterOptions;
import io.github.linuxforhealth.hl7.HL7ToFHIRConverter;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Converts messages with the LinuxForHealth converter, on one thread, as often as it is asked to.
 *
 * <p>The argument says how many messages come first on standard input, one a line, its UTF-8 bytes in hexadecimal. Each
 * further line is a range of them, "FROM TO" (TO excluded); it is answered by a line with the characters of FHIR that each
 * message gave, 0 for one that was refused, divided by blanks.
 */
public final class Convert {
  public static void main(String[] arguments) throws Exception {
    BufferedReader asked =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    HexFormat hex = HexFormat.of();
    List<String> messages = new ArrayList<>();
    for (int count = Integer.parseInt(arguments[0]); count > 0; count--) {
      messages.add(new String(hex.parseHex(asked.readLine()), StandardCharsets.UTF_8));
    }
    HL7ToFHIRConverter converter = new HL7ToFHIRConverter();
    ConverterOptions options = new ConverterOptions.Builder().build();
    for (String line = asked.readLine(); line != null; line = asked.readLine()) {
      String[] range = line.split(" ");
      StringBuilder answer = new StringBuilder();
      for (String message :
          messages.subList(Integer.parseInt(range[0]), Integer.parseInt(range[1]))) {
        answer.append(characters(converter, message, options)).append(' ');
      }
      System.out.println(answer);
    }
  }

  private static int characters(
      HL7ToFHIRConverter converter, String message, ConverterOptions options) {
    try {
      String bundle = converter.convert(message, options);
      return bundle == null ? 0 : bundle.length();
    } catch (RuntimeException refused) {
      return 0;
    }
  }
}
